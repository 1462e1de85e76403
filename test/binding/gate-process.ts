// The kernel's gate alone in a process (in a network namespace, when started through nsenter), told what to do over the
// IPC channel of node. Times count from the moment in which the line arrives.
import { NftGate } from '@hotstandby/adapters/nft-gate';
import { systemClock } from '@hotstandby/adapters/system';

export interface GateCall {
  call: 'unable' | 'establish' | 'open' | 'renew' | 'hush' | 'shut' | 'intact' | 'close' | 'pid';
  addresses?: string[];
  forMs?: number;
}
export type GateReply = { said: unknown } | { failed: string };

const [cluster = 'gate-test', node = 'a'] = process.argv.slice(2);
const gate = new NftGate({ place: { cluster, node }, clock: systemClock });

async function carryOut({ call, addresses = [], forMs = 0 }: GateCall): Promise<unknown> {
  if (call === 'establish') return gate.establish(addresses);
  if (call === 'open' || call === 'renew' || call === 'hush') return gate[call](systemClock.monotonicMs() + forMs);
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
