// The kernel's gate alone in a process (in a network namespace, when started through nsenter), told what to do over the
// IPC channel of node. Times count from the moment in which the line arrives.
import { NftGate, openKernelSocket, type KernelSocket } from '@hotstandby/adapters/nft-gate';
import { systemClock } from '@hotstandby/adapters/system';

export interface GateCall {
  call:
    | 'unable'
    | 'establish'
    | 'open'
    | 'renew'
    | 'hush'
    | 'shut'
    | 'intact'
    | 'state'
    | 'close'
    | 'pid'
    | 'means'
    | 'stall';
  addresses?: string[];
  forMs?: number;
}
export type GateReply = { said: unknown } | { failed: string };

const [cluster = 'gate-test', node = 'a', means = 'netlink'] = process.argv.slice(2);
const opened = means === 'netlink' ? openKernelSocket() : null;
if (typeof opened === 'string') throw new Error(opened);
/** The next request waits for so long before the kernel gets it, as that of a process that is frozen just then. */
let stallMs = 0;
const socket: KernelSocket | undefined = opened
  ? {
      exchange(request) {
        if (stallMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
        stallMs = 0;
        return opened.exchange(request);
      },
      close: () => opened.close(),
    }
  : undefined;
const gate = new NftGate({ place: { cluster, node }, clock: systemClock, ...(socket && { socket }) });

async function carryOut({ call, addresses = [], forMs = 0 }: GateCall): Promise<unknown> {
  if (call === 'establish') return gate.establish(addresses);
  if (call === 'open' || call === 'renew' || call === 'hush') return gate[call](systemClock.monotonicMs() + forMs);
  if (call === 'stall') return void (stallMs = forMs);
  return gate[call]();
}

process.on('message', (message: GateCall) => {
  carryOut(message)
    .then(
      (said): GateReply => ({ said: said ?? null }),
      (error: unknown): GateReply => ({ failed: String(error) }),
    )
    .then((reply) => process.send?.(reply))
    .catch(() => {});
});
process.send?.({ said: 'started' });
