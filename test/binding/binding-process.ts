// The network-binding service alone in a process (in a network namespace, when started through nsenter): grants come
// from the test over the IPC channel of node instead of NATS, everything else is what the service runs with.
import { LinuxBinder } from '@hotstandby/adapters/linux-address';
import { NftGate, openGate } from '@hotstandby/adapters/nft-gate';
import { systemClock } from '@hotstandby/adapters/system';
import { subjects } from '@hotstandby/contracts';
import type { Emit } from '@hotstandby/contracts';
import { FormerAddresses, NetworkBinding } from '@hotstandby/services/network-binding';
import { LocalBus } from '@hotstandby/testing/local-bus';

export type ToProcess =
  | { do: 'grant'; epoch: number | null; forMs: number }
  | { do: 'prepare'; epoch: number }
  | { do: 'peer-hands-over'; epoch: number }
  | { do: 'reconfigure'; addresses: string[]; interface: string }
  | { do: 'report' }
  | { do: 'stop' };
export type FromProcess =
  | { event: string; data: unknown }
  | { log: string; fields: unknown }
  | { cleared: true }
  | { report: { health: string; summary: string; detail: Record<string, unknown> } }
  | { prepared: unknown }
  | { started: true }
  | { stopped: true };

const [node = 'a', ...addresses] = process.argv.slice(2);
const place = { cluster: 'binding-test', node };
const peer = { cluster: place.cluster, node: 'peer' };
const tell = (message: FromProcess) => process.send?.(message);
const say = (message: string, fields: unknown) => void tell({ log: message, fields });
const log = { debug() {}, info: say, warn: say, error: say };
const bus = new LocalBus();
bus.respond(subjects.registerListener(place), () => ({ registered: true, incarnation: 'i' }));
const quiet = { add() {}, set() {}, observe() {} };
const emit: Emit = async (type, data) => void tell({ event: type, data });

// As on a host where netlink cannot be used, when the test wants that.
const throughNft = process.env['BINDING_TEST_GATE'] === 'nft';
const gate = throughNft ? new NftGate({ place, clock: systemClock }) : openGate({ place, clock: systemClock, log });
/** A node whose configuration has another mode by now. */
const former = new FormerAddresses({
  ...{ binder: new LinuxBinder({ place, addresses: [], log }), gate, clock: systemClock, place, log, emit, addresses },
  cleared: () => tell({ cleared: true }),
});
const service = new NetworkBinding({
  binder: new LinuxBinder({ place, addresses, log }),
  gate,
  bus,
  clock: systemClock,
  place,
  peer,
  log,
  metrics: { counter: () => quiet, gauge: () => quiet, histogram: () => quiet },
  emit,
  binding: { mode: 'vip', addresses, interface: 'auto' },
  fenceLeadMs: 15,
});

process.on('message', (message: ToProcess) => {
  if (message.do === 'grant') {
    bus.publish(subjects.grant(place), {
      role: message.epoch === null ? 'fenced' : 'active',
      nodeId: `id-${node}`,
      incarnation: 'i',
      epoch: message.epoch,
      deadlineMs: systemClock.monotonicMs() + message.forMs,
      tenure: message.epoch === null ? null : { epoch: message.epoch, startedAtWallMs: 0 },
    });
  } else if (message.do === 'prepare') {
    const request = { phase: 'pre', from: 'active', to: 'standby', epoch: message.epoch, rule: 'R', deadlineMs: 1000 };
    void bus.request(subjects.prepare(place, 'network-binding'), request, 1000).then((prepared) => tell({ prepared }));
  } else if (message.do === 'peer-hands-over') {
    bus.publish(subjects.handingOver(peer), { epoch: message.epoch });
  } else if (message.do === 'reconfigure') {
    void service.reconfigure({ mode: 'vip', addresses: message.addresses, interface: message.interface });
  } else if (message.do === 'report') {
    tell({ report: service.report() });
  } else {
    void (isFormer ? former : service).stop().then(() => {
      tell({ stopped: true });
      process.disconnect();
    });
  }
});
const isFormer = process.env['BINDING_TEST_MODE'] === 'former';
await (isFormer ? former : service).start();
tell({ started: true });
