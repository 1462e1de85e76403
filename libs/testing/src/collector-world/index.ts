import { parseConfig } from '@hotstandby/config';
import { subjects, type EventType, type Grant } from '@hotstandby/contracts';
import type { Metrics } from '@hotstandby/ports';
import { encodeFrame } from '@hotstandby/core/frame';
import { LocalBus } from '../local-bus/index.ts';
import { ManualClock } from '../manual-clock/index.ts';
import { MemoryIngest } from '../memory-ingest/index.ts';
import { MemoryReceiver } from '../memory-receiver/index.ts';
import { MemoryRecordStore } from '../memory-record-store/index.ts';
import { Collector, type CollectorLimits } from '@hotstandby/services/collector';

export const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};
export const configText = (own: string, peer: string) => `
cluster: c
node: { name: ${own}, kind: primary, address: 192.0.2.1, dataDir: /nowhere }
peer: { name: ${peer}, address: 192.0.2.2 }
store: { url: postgresql://h@192.0.2.3/h }
nats: { url: nats://192.0.2.1:4222, keysDir: /nowhere }
`;
const parsed = parseConfig(configText('a', 'b'));
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
export const { config } = parsed;

/** A bus, and an arbiter (of either node) that knows its listeners. */
export function node() {
  const bus = new LocalBus();
  const arbiter = { incarnation: 'i1' };
  for (const at of [place, { ...place, node: 'b' }])
    bus.respond(subjects.registerListener(at), () => ({ registered: true, ...arbiter }));
  return { bus, arbiter };
}

/** What outlives a collector: the node's INGEST, the store, the bus. */
export function world() {
  const clock = new ManualClock();
  const ingest = new MemoryIngest(clock);
  const store = new MemoryRecordStore();
  store.clock = () => clock.wallMs();
  return { clock, ...node(), ingest, copy: new MemoryIngest(clock), store, config };
}

let processes = 0;

export function collector(at: ReturnType<typeof world>, limits: Partial<CollectorLimits> = {}, node = 'a') {
  const own = { ...place, node };
  const receiver = new MemoryReceiver(at.clock);
  const events: { type: EventType; data: unknown }[] = [];
  const instance = `process-${++processes}`;
  const service = new Collector({
    config: at.config,
    place: own,
    clock: at.clock,
    ids: { uuid: () => instance },
    bus: at.bus,
    emit: async (type, data) => void events.push({ type, data }),
    log: quiet,
    metrics: noMetrics,
    receiver,
    ingest: at.ingest,
    templates: null,
    copy: at.copy,
    store: at.store,
    ledger: at.store,
    limits,
  });
  const grant = (change: Partial<Grant> = {}) => {
    at.arbiter.incarnation = change.incarnation ?? 'i1';
    at.bus.publish(subjects.grant(own), {
      role: 'active',
      nodeId: 'id-a',
      incarnation: 'i1',
      epoch: 1,
      deadlineMs: at.clock.monotonicMs() + 100_000,
      tenure: { epoch: 1, startedAtWallMs: 0 },
      ...change,
    } satisfies Grant);
  };
  const revoke = () => grant({ role: 'standby', epoch: null, tenure: null });
  const messages = () => at.store.batches.flatMap((batch) => batch.syslog.map((record) => record.message));
  return { service, receiver, events, grant, revoke, messages };
}

/** Lets frames go out, be read and be stored. */
export async function flow(at: ReturnType<typeof world>): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await at.clock.advance(5);
}

/** The store answers nothing any more after that many writes. */
export function stopAfter(store: MemoryRecordStore, writes: number): () => boolean {
  const write = store.store.bind(store);
  let done = 0;
  store.store = async (...args) => {
    const result = await write(...args);
    if (++done === writes) store.fault = 'away';
    return result;
  };
  return () => done >= writes;
}

export const frameOf = (text: string) =>
  encodeFrame([
    {
      kind: 'syslog',
      sourceAddress: '192.0.2.9',
      sourcePort: 1,
      localPort: 5514,
      receivedAtMs: 1,
      bytes: new TextEncoder().encode(line(text)),
    },
  ]);

export const line = (text: string) => `<13>1 2026-01-01T00:00:00Z h app - - - ${text}`;
