import type { RecordStore, SinkMessage, TelemetrySink, WriteGuard } from '@hotstandby/ports';

/** As the collector does it. */
export async function deliverTo(sink: TelemetrySink, messages: SinkMessage[]): Promise<void> {
  const items = messages.map((message) => sink.stage(message)).filter((item) => item !== null);
  if (items.length > 0) await sink.deliver(items);
}

/** The store is a sink, too; it keeps what it takes exactly once. */
export async function storeIn(store: RecordStore, guard: WriteGuard, messages: SinkMessage[]): Promise<void> {
  const staged = messages.map(({ messageId, datagrams }) =>
    store.stage(
      {
        messageId,
        ledger: { nodeId: 'id-a', clockAheadMs: null, stored: [], settled: [] },
        syslog: datagrams.flatMap(({ syslog }) => syslog),
        traps: datagrams.flatMap(({ traps }) => traps),
        flows: datagrams.flatMap(({ flows }) => flows),
      },
      guard.epoch,
    ),
  );
  const { outcome } = await store.store(guard, staged);
  if (outcome !== 'stored') throw new Error(`the store says ${outcome}`);
}

/** The text by which a record is known, of a line of JSON. */
export function textOfLine(line: string): string {
  const record = JSON.parse(line) as { kind: string; message?: string; trapOid?: string; octets?: number | string };
  if (record.kind === 'syslog') return record.message ?? '';
  return record.kind === 'trap' ? (record.trapOid ?? '') : String(record.octets);
}
