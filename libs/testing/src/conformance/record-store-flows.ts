import { decodeFlowColumns, decodeFlows, FlowColumns, TemplateCache } from '@hotstandby/decoders';
import type { GatheredSums, RecordBatch } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import type { RecordWorld } from './record-harness.ts';
import { batch, flow, put, syslog, trap } from './records.ts';

type Row = Record<string, unknown>;
const by = (name: string) => (one: Row, other: Row) => Number(one[name]) - Number(other[name]);
const total = (rows: Row[], name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);

/** NetFlow version 5 as an exporter sends it: three flows, the last with other interfaces. */
function netflow5(sampling = 0): Uint8Array {
  const bytes = new Uint8Array(24 + 3 * 48);
  const view = new DataView(bytes.buffer);
  const header = [5, 3];
  header.forEach((word, index) => view.setUint16(index * 2, word));
  view.setUint32(4, 600_000);
  view.setUint32(8, 1_700_000_000);
  view.setUint16(20, 258);
  view.setUint16(22, sampling);
  for (let flowIndex = 0; flowIndex < 3; flowIndex++) {
    const at = 24 + flowIndex * 48;
    [0xc0000201, 0xc6336402, 0xcb007101, (flowIndex >> 1) * 65_536 + 2, 3, 1400 + flowIndex].forEach((word, index) =>
      view.setUint32(at + index * 4, word),
    );
    view.setUint32(at + 24, 590_000);
    view.setUint32(at + 28, 599_000 + flowIndex);
    view.setUint16(at + 32, 50_000);
    view.setUint16(at + 34, 443);
    bytes.set([0, 0x1b, 6, 8, 0xfd, 0xe8, 0, 7, 24, 16], at + 36);
  }
  return bytes;
}

/** Flows in both forms, their sums, and how long all of it is kept. */
export function flowCases(world: () => RecordWorld): void {
  it('stores flows in columns as it stores the same flows as records', async () => {
    const { store, reader, sums, guard } = world();
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
    const templates = new TemplateCache();
    const columns = new FlowColumns('flows');
    const records = [0, 0x4064].flatMap((sampling) => {
      expect(decodeFlowColumns(netflow5(sampling), context, templates, columns)).toBe(true);
      return decodeFlows(netflow5(sampling), context, templates).records;
    });
    const other = flow({ exporter: '192.0.2.77', sourceAddress: '2001:db8::1' });
    expect(await put(store, guard, [batch(1, { columns, flows: [other] })])).toEqual({
      outcome: 'stored',
      batches: 1,
      rows: 7,
    });
    const rows = async () => {
      const stored = (await reader.last('flow', 99)).filter((row) => row['exporter'] === '192.0.2.9');
      return stored.map((row) => JSON.stringify({ ...row, id: 0, position: 0, stored_at: '' })).toSorted();
    };
    const asColumns = await rows();
    expect(asColumns).toHaveLength(6);
    expect(asColumns.some((row) => row.includes('samplingInterval'))).toBe(true);
    await put(store, guard, [batch(2, { flows: records })]);
    expect(await rows()).toEqual(asColumns.flatMap((row) => [row, row]));
    // Both are summed alike, too.
    const traffic = (await sums('traffic')).filter((row) => row['exporter'] === '192.0.2.9');
    expect(traffic.toSorted(by('input_interface'))).toMatchObject([
      { flows: 8, octets: 4 * (1400 + 1401), input_interface: 0 },
      { flows: 4, octets: 4 * 1402, input_interface: 1 },
    ]);
  });

  it('stores only the sums of flows when nothing else is wanted, but what could not be read', async () => {
    const { store, reader, sums, guard } = world();
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
    const columns = new FlowColumns('sums');
    expect(decodeFlowColumns(netflow5(), context, new TemplateCache(), columns)).toBe(true);
    const bad = flow({ malformed: 'cut off', raw: Uint8Array.of(1, 2) });
    const flows = [flow({ octets: 7n }), flow({ octets: 8n, sourceAddress: '2001:db8::1' }), bad];
    expect(await put(store, guard, [batch(1, { columns, flows, sumsOnly: true })])).toMatchObject({ rows: 6 });
    expect(await reader.last('flow', 9)).toMatchObject([{ malformed: 'cut off', raw: String.raw`\x0102` }]);
    expect(total(await sums('conversations'), 'octets')).toBe(15 + 1400 + 1401 + 1402);
    expect(total(await sums('conversations'), 'flows')).toBe(5);
  });

  it('stores gathered flows once, whatever of them is stored already', async () => {
    const { store, sums, guard } = world();
    const summed = (sequence: number, octets: bigint) => batch(sequence, { flows: [flow({ octets })], sumsOnly: true });
    const gathered = (batches: RecordBatch[]) => {
      let into: GatheredSums | null = null;
      const staged = batches.map((one) => store.stage(one, guard.epoch));
      for (const one of staged) into = store.gather(one, into);
      expect(into?.flows).toBe(batches.length);
      return staged;
    };
    await put(store, guard, [summed(2, 20n)]);
    const outcome = await store.store(guard, gathered([summed(1, 100n), summed(2, 20n), summed(3, 3n)]));
    // A store may sort out what it has, or say so and store nothing: then the others come again.
    if (outcome.outcome === 'known') {
      expect(outcome.messageIds).toEqual(new Set(['s-2']));
      expect(total(await sums('conversations'), 'octets')).toBe(20);
      await store.store(guard, gathered([summed(1, 100n), summed(3, 3n)]));
    }
    expect(total(await sums('conversations'), 'octets')).toBe(123);
    expect(total(await sums('conversations'), 'flows')).toBe(3);
    expect(await store.delivered(['s-1', 's-2', 's-3'])).toEqual(new Set(['s-1', 's-2', 's-3']));
  });

  it('sums flows by minute in the transaction that stores them, of IPv4 and of others', async () => {
    const { lease, store, reader, sums, guard } = world();
    const six = { sourceAddress: '2001:db8::1', destinationAddress: '2001:db8::2', octets: 10n };
    const four = { octets: 100n, packets: 1n, inputInterface: 3 };
    const flows = [
      flow(four),
      flow({ ...four, sourcePort: 9 }),
      flow({ ...four, receivedAtMs: 1_700_000_060_000 }),
      flow(six),
    ];
    const counters = flow({ packets: null, octets: null });
    const unread = flow({ malformed: 'cut off', raw: new Uint8Array(3) });
    await put(store, guard, [batch(1, { flows: [...flows, counters, unread] }), batch(2, { flows })]);
    // The same message again adds nothing, also beside one that is new.
    await put(store, guard, [batch(2, { flows }), batch(3, { flows: [flow(four)] })]);
    const first = 1_699_999_980_000;
    const place = { exporter: '192.0.2.9', output_interface: 0 };
    expect((await sums('traffic')).toSorted(by('input_interface')).toSorted(by('minute'))).toEqual([
      { ...place, minute: first, input_interface: 3, flows: 5, packets: 5, octets: 500 },
      { ...place, minute: first, input_interface: 4_294_967_295, flows: 2, packets: 14, octets: 20 },
      { ...place, minute: first + 60_000, input_interface: 3, flows: 2, packets: 2, octets: 200 },
    ]);
    const applications = await sums('applications');
    expect(new Set(applications.map((row) => row['protocol']))).toEqual(new Set([17]));
    expect(
      [9, 53].map((port) =>
        total(
          applications.filter((row) => row['port'] === port),
          'flows',
        ),
      ),
    ).toEqual([2, 7]);
    const conversations = await sums('conversations');
    const between = (source: string, destination: string, port: number) =>
      total(
        conversations.filter(
          (row) =>
            row['source_address'] === source && row['destination_address'] === destination && row['port'] === port,
        ),
        'octets',
      );
    expect(between('192.0.2.33', '198.51.100.4', 9)).toBe(200);
    expect(between('192.0.2.33', '198.51.100.4', 53)).toBe(500);
    expect(between('2001:db8::1', '2001:db8::2', 53)).toBe(20);
    expect(total(conversations, 'octets')).toBe(720);
    expect((await reader.counts()).flow).toBe(11);
    // Under a reign that is over there is no sum either.
    await lease.release({ ...guard, handoverTo: null });
    expect(await put(store, guard, [batch(9, { flows })])).toEqual({ outcome: 'stale' });
    expect(total(await sums('traffic'), 'flows')).toBe(9);
  });

  it('throws away what is older than the retention, each kind by its own, and nothing else', async () => {
    const { store, reader, sums, guard } = world();
    const dayMs = 86_400_000;
    const rows = (days: number) => {
      const received = { receivedAtMs: Date.now() - days * dayMs };
      return { syslog: [syslog(`${days} days old`, received)], traps: [trap(received)], flows: [flow(received)] };
    };
    await put(
      store,
      guard,
      [0, 1, 5, 9].map((days) => batch(days, rows(days))),
    );
    await store.trim({ syslogMs: 3 * dayMs, trapMs: 7 * dayMs, flowMs: 30 * dayMs, minuteMs: 3 * dayMs });
    expect((await reader.last('syslog', 9)).map((row) => row['message'])).toEqual(['0 days old', '1 days old']);
    expect(await reader.counts()).toEqual({ syslog: 2, trap: 3, flow: 4 });
    expect(total(await sums('traffic'), 'flows')).toBe(2);
    // Marks are kept by when they were made.
    expect(await put(store, guard, [batch(5, rows(5))])).toMatchObject({ batches: 0 });
  });
}
