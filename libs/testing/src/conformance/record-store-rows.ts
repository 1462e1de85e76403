import { decodeSyslog, decodeSyslogColumns, SyslogColumns } from '@hotstandby/decoders';
import { expect, it } from 'vitest';
import { claimAs } from './claim-as.ts';
import type { RecordWorld } from './record-harness.ts';
import { batch, flow, oddValues, put, syslog, trap } from './records.ts';

const rowByRow = (warnings: string[]) => warnings.filter((message) => message.includes('row by row'));

/** Rows of records: each once, whatever they hold, and under a reign that is not over. */
export function rowCases(world: () => RecordWorld): void {
  it('stores every kind, and gives back what was stored', async () => {
    const { store, reader, guard } = world();
    const rows = { syslog: [syslog('hello')], traps: [trap()], flows: [flow()] };
    expect(await put(store, guard, [batch(1, rows)])).toEqual({ outcome: 'stored', batches: 1, rows: 3 });
    expect((await reader.last('syslog', 9))[0]).toMatchObject({
      epoch: guard.epoch,
      source_address: '192.0.2.1',
      format: 'rfc5424',
      facility: 3,
      severity: 4,
      hostname: 'router1',
      msg_id: null,
      structured_data: { 'x@1': { a: 'b', list: ['c', 'd'] } },
      message: 'hello',
      malformed: null,
      raw: null,
      altered: null,
    });
    expect((await reader.last('trap', 9))[0]).toMatchObject({
      source_address: '2001:db8::7',
      trap_oid: '1.3.6.1.6.3.1.1.5.3',
      uptime_ticks: 4_294_967_295,
      varbinds: [{ oid: '1.3.6.1.2.1.2.2.1.1', type: 'INTEGER', value: 3 }],
    });
    const [stored] = await reader.last('flow', 9);
    expect(stored).toMatchObject({
      octets: '9223372036854775807',
      packets: 7,
      protocol: 17,
      extra: { flowDirection: 1 },
    });
    expect(Date.parse(String(stored?.['start_at']))).toBe(1_700_000_000_000);
    expect(Date.parse(String(stored?.['received_at']))).toBe(1_700_000_000_123);
  });

  it('stores a message of INGEST once, whoever delivers it again', async () => {
    const { open, store, reader, guard } = world();
    const first = [batch(1, { syslog: [syslog('one')] }), batch(2, { syslog: [syslog('two')] })];
    expect(await put(store, guard, first)).toMatchObject({ batches: 2, rows: 2 });
    const again = [...first, batch(3, { syslog: [syslog('three')] }), batch(1, { syslog: [syslog('other')] }, 's2')];
    expect(await put(store, guard, again)).toEqual({ outcome: 'stored', batches: 2, rows: 2 });
    expect(await put(store, guard, again)).toEqual({ outcome: 'stored', batches: 0, rows: 0 });
    // Also when the same message is in one call twice, or in many calls at once.
    const twice = batch(9, { syslog: [syslog('nine')] });
    expect(await put(store, guard, [twice, twice])).toMatchObject({ batches: 1, rows: 1 });
    const other = open();
    const many = Array.from({ length: 20 }, (_, index) => batch(100 + index, { syslog: [syslog(`m${index}`)] }));
    await Promise.all([put(store, guard, many), put(other, guard, many.toReversed()), put(store, guard, many)]);
    expect((await reader.counts()).syslog).toBe(25);
  });

  it('writes nothing under a reign that is over', async () => {
    const { lease, store, reader, guard } = world();
    await lease.release({ ...guard, handoverTo: null });
    expect(await put(store, guard, [batch(1, { syslog: [syslog('late')] })])).toEqual({ outcome: 'stale' });
    expect(await put(store, { epoch: 1, incarnation: "o'brien" }, [batch(1)])).toEqual({ outcome: 'stale' });
    expect(await reader.counts()).toEqual({ syslog: 0, trap: 0, flow: 0 });
    const next = await claimAs(lease, 'a');
    // What was refused has left no mark either.
    expect(await put(store, next, [batch(1, { syslog: [syslog('now')] })])).toMatchObject({ batches: 1, rows: 1 });
  });

  it('stores rows under the reign that commits them, also when they were staged under the one before', async () => {
    const { lease, store, reader, guard } = world();
    const staged = store.stage(batch(1, { syslog: [syslog('one'), syslog('two')], flows: [flow()] }), guard.epoch);
    const next = await claimAs(lease, 'a');
    expect(await store.store(next, [staged])).toEqual({ outcome: 'stored', batches: 1, rows: 3 });
    const stored = [...(await reader.last('syslog', 9)), ...(await reader.last('flow', 9))];
    expect(stored.map((row) => row['epoch'])).toEqual([next.epoch, next.epoch, next.epoch]);
  });

  it('never fails a batch for a value that the store cannot hold', async () => {
    const { warnings, store, reader, guard } = world();
    const rows = { syslog: oddValues.syslog(), traps: oddValues.traps(), flows: oddValues.flows() };
    const total = rows.syslog.length + rows.traps.length + rows.flows.length;
    expect(await put(store, guard, [batch(1, rows)])).toEqual({ outcome: 'stored', batches: 1, rows: total });
    expect(rowByRow(warnings())).toEqual([]);
    const altered = (await reader.last('flow', 99)).map((row) => row['altered']);
    expect(altered).toContain('source_address: 10.0.0.256');
    expect(altered).toContain('octets: 9223372036854775808');
    const messages = (await reader.last('syslog', 99)).map((row) => String(row['message']));
    expect(messages.filter((message) => message.startsWith('nul'))).toEqual(['nul\uFFFDhere']);
  });

  it('stores a row that the database refuses bare and marked, and all others whole', async () => {
    const { refuseMessage, warnings, store, reader, guard } = world();
    await refuseMessage('no_poison', 'poison');
    const rows = ['one', 'poison', 'two'].map((message) => syslog(message));
    expect(await put(store, guard, [batch(1, { syslog: rows, traps: [trap()] })])).toMatchObject({ rows: 4 });
    const stored = (await reader.last('syslog', 9)).toReversed();
    expect(stored.map((row) => row['message'])).toEqual(['one', '', 'two']);
    expect(stored[1]?.['altered']).toMatch(/refused the row.*no_poison.*poison/);
    expect(rowByRow(warnings())).toHaveLength(1);
    expect(await put(store, guard, [batch(1, { syslog: rows })])).toMatchObject({ batches: 0 });
  });

  it('takes many rows in one call', async () => {
    const { store, reader, guard } = world();
    const flows = Array.from({ length: 6000 }, (_, index) => flow({ sourcePort: index }));
    expect(await put(store, guard, [batch(1, { flows })])).toMatchObject({ rows: 6000 });
    expect(await reader.counts()).toEqual({ syslog: 0, trap: 0, flow: 6000 });
    expect(new Set((await reader.last('flow', 6000)).map((row) => row['source_port'])).size).toBe(6000);
  });

  it('reads back the newest first, as JSON', async () => {
    const { store, reader, guard } = world();
    const messages = [1, 2, 3].map((n) => syslog(`m${n}`, { receivedAtMs: 1_700_000_000_000 + n }));
    await put(store, guard, [batch(1, { syslog: messages, flows: [flow()] })]);
    const last = await reader.last('syslog', 2);
    expect(last.map((row) => row['message'])).toEqual(['m3', 'm2']);
    expect(last[0]).toMatchObject({
      source_address: '192.0.2.1',
      received_at: '2023-11-14T22:13:20.003+00:00',
      epoch: 1,
    });
    expect(JSON.parse(JSON.stringify(last))).toEqual(last);
    expect((await reader.last('flow', 1))[0]).toMatchObject({ octets: '9223372036854775807', packets: 7 });
    expect(await reader.last('trap', 5)).toEqual([]);
  });

  it('goes on by itself after the store was away, and a frozen one ends in its time', async () => {
    const { open, freeze, thaw, interrupt, reader, guard } = world();
    const store = open({ statementTimeoutMs: 400 });
    await put(store, guard, [batch(1, { syslog: [syslog('before')] })]);
    freeze();
    const startedAt = performance.now();
    await expect(put(store, guard, [batch(2, { syslog: [syslog('frozen')] })])).rejects.toMatchObject({
      name: 'StoreError',
    });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    thaw();
    await interrupt();
    const retried = async () => put(store, guard, [batch(2, { syslog: [syslog('frozen')] })]);
    await retried().catch(retried);
    expect((await reader.counts().catch(() => reader.counts())).syslog).toBe(2);
  });

  it('stores syslog in columns as it stores the same messages as records', async () => {
    const { store, reader, guard } = world();
    const columns = new SyslogColumns();
    const texts = [
      '<34>1 2026-11-21T09:01:02.003Z host app 1 ID [a@1 x="1" y="two"][b] hello',
      '<13>1 - - - - - -',
      '<191>Nov 21 09:01:02 host sshd[12]: hello',
    ];
    const memory = new TextEncoder().encode(texts.join(''));
    let at = 0;
    const records = texts.map((text, index) => {
      const bytes = memory.subarray(at, (at += text.length));
      const context = { sourceAddress: `192.0.2.${index}`, receivedAtMs: 1_795_000_000_000 + index };
      expect(decodeSyslogColumns(bytes, context, columns)).toBe(true);
      return decodeSyslog(bytes, context);
    });
    const other = syslog('as a record');
    expect(await put(store, guard, [batch(1, { syslogColumns: columns, syslog: [other] })])).toMatchObject({ rows: 4 });
    const rows = async () => {
      const stored = (await reader.last('syslog', 99)).filter((row) => row['message'] !== other.message);
      return stored.map((row) => JSON.stringify({ ...row, id: 0, stored_at: '' })).toSorted();
    };
    const asColumns = await rows();
    expect(asColumns).toHaveLength(3);
    await put(store, guard, [batch(2, { syslog: records })]);
    expect(await rows()).toEqual(asColumns.flatMap((row) => [row, row]));
  });
}
