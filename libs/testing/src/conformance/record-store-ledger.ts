import type { LedgerLine, WriteGuard } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { claimAs } from './claim-as.ts';
import type { RecordWorld } from './record-harness.ts';
import { at, batch, flow, put, syslog } from './records.ts';

/** What take-overs rest on. */
export function ledgerCases(world: () => RecordWorld): void {
  it('keeps a ledger with the rows, as the tenures after it need it', async () => {
    const { lease, store, guard } = world();
    const first = { clockAheadMs: null, nodeId: 'id-a', stored: [at(1000), at(2000)], settled: [] };
    await put(store, guard, [
      batch(1, { ledger: first }),
      batch(2, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(3000)], settled: [] } }),
    ]);
    // The same message again says nothing new, and neither does a writer whose reign is over.
    await put(store, guard, [batch(1, { ledger: first })]);
    const second = await claimAs(lease, 'b');
    expect(await put(store, guard, [batch(3, { ledger: first })])).toEqual({ outcome: 'stale' });
    await put(store, second, [
      batch(1, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(4000)], settled: [at(2001)] } }, 'of b'),
    ]);

    expect(await store.ledger(second.epoch, 0, 0)).toEqual({
      stored: [at(1000), at(2000), at(3000)],
      settled: [at(2001)],
    });
    expect(await store.ledger(second.epoch, 2000, 0)).toEqual({ stored: [at(2000), at(3000)], settled: [at(2001)] });
    expect((await store.ledger(second.epoch + 1, 0, 0)).stored).toEqual([at(1000), at(2000), at(3000), at(4000)]);
  });

  it('translates the times of a writer whose clock was another one, by the clock of the store that both know', async () => {
    const { store, guard } = world();
    const now = 1_700_000_000_000;
    const ahead = (clockAheadMs: number | null, sequence: number) =>
      batch(sequence, { ledger: { clockAheadMs, nodeId: 'id-a', stored: [at(now, BigInt(sequence))], settled: [] } });
    await put(store, guard, [ahead(60_000, 1)]);
    await put(store, guard, [ahead(-5000, 2)]);
    await put(store, guard, [ahead(null, 3)]);
    const { stored } = await store.ledger(guard.epoch + 1, now - 70_000, 1000);
    expect(stored).toEqual([at(now - 59_000, 1n), at(now + 6000, 2n), at(now, 3n)]);
    expect((await store.ledger(guard.epoch + 1, now + 3000, 1000)).stored).toEqual([at(now + 6000, 2n)]);
    expect(Math.abs((await store.clockMs()) - Date.now())).toBeLessThan(1000);
  });

  it('lets one collector of a node settle a take-over at a time, and nobody when it is done', async () => {
    const { lease, store, guard, ageTurns } = world();
    const claim = (owner: string, nodeId = 'id-a') => ({ nodeId, tenureEpoch: guard.epoch, owner });
    expect(await store.replayTurn(guard, claim('one'), false)).toBe('mine');
    expect(await store.replayTurn(guard, claim('two'), false)).toBe('another');
    expect(await store.replayTurn(guard, claim('two', 'id-b'), false)).toBe('mine');
    expect(await put(store, guard, [batch(1)], claim('two'))).toEqual({ outcome: 'replaced' });
    expect(await store.delivered(['s-1'])).toEqual(new Set());
    expect(await put(store, guard, [batch(1)], claim('one'))).toMatchObject({ outcome: 'stored', batches: 1 });
    // Not renewed for long enough: the next one may go on where it was.
    await ageTurns(5);
    expect(await store.replayTurn(guard, claim('two'), false)).toBe('mine');
    expect(await put(store, guard, [batch(2)], claim('one'))).toEqual({ outcome: 'replaced' });
    expect(await store.replayTurn(guard, claim('two'), true)).toBe('done');
    expect(await store.replayTurn(guard, claim('three'), false)).toBe('done');
    expect(await put(store, guard, [batch(2)], claim('two'))).toEqual({ outcome: 'replaced' });
    const second = await claimAs(lease, 'b');
    expect(await store.replayTurn(guard, { ...claim('one'), tenureEpoch: 99 }, false)).toBe('another');
    expect(await store.replayTurn(second, { ...claim('one'), tenureEpoch: 99 }, false)).toBe('mine');
  });

  it('reads a ledger of many batches whole', async () => {
    const { store, guard } = world();
    const times = Array.from({ length: 450 }, (_, index) => 1000 + index);
    for (const time of times)
      await put(store, guard, [
        batch(time, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(time)], settled: [] } }),
      ]);
    expect((await store.ledger(guard.epoch + 1, 0, 0)).stored).toEqual(times.map((time) => at(time)));
  });

  it('knows which messages are stored', async () => {
    const { store, guard } = world();
    await put(store, guard, [batch(1), batch(3)]);
    expect(await store.delivered(['s-3', 's-2', 's-1', 'other-1'])).toEqual(new Set(['s-3', 's-1']));
    expect(await store.delivered([])).toEqual(new Set());
  });

  it('tells how far each node came', async () => {
    const { lease, store, guard } = world();
    expect(await store.progress()).toEqual([]);
    const clockAheadMs = null;
    const note = (under: WriteGuard, nodeId: string, settledBeforeMs: number, otherBeforeMs: number | null) =>
      store.noteProgress(under, { nodeId, settledBeforeMs, clockAheadMs, ownFromMs: null, otherBeforeMs });
    await note(guard, 'id-a', 1_700_000_000_000, null);
    await note(guard, 'id-a', 1_700_000_000_123, 1_700_000_000_050);
    const second = await claimAs(lease, 'b');
    await note(guard, 'id-a', 1_900_000_000_000, 1_900_000_000_000);
    await note(second, 'id-b', 1_700_000_009_000, null);
    const a = { epoch: guard.epoch, nodeId: 'id-a', settledBeforeMs: 1_700_000_000_123, clockAheadMs, ownFromMs: null };
    const b = {
      epoch: second.epoch,
      nodeId: 'id-b',
      settledBeforeMs: 1_700_000_009_000,
      clockAheadMs,
      ownFromMs: null,
    };
    expect(await store.progress()).toEqual([
      { ...a, otherBeforeMs: 1_700_000_000_050 },
      { ...b, otherBeforeMs: null },
    ]);
    // What was compared stays so, whoever notes less or nothing.
    await note(second, 'id-b', 1_700_000_010_000, 1_700_000_009_500);
    await note(second, 'id-b', 1_700_000_011_000, 1_700_000_009_400);
    await note(second, 'id-b', 1_700_000_012_000, null);
    expect((await store.progress()).at(-1)).toEqual({
      ...b,
      settledBeforeMs: 1_700_000_012_000,
      otherBeforeMs: 1_700_000_009_500,
    });
    // What is open is as it was said last.
    const open = {
      settledBeforeMs: 1_700_000_012_000,
      clockAheadMs,
      ownFromMs: 1_700_000_008_000,
      otherBeforeMs: null,
    };
    await store.noteProgress(second, { nodeId: 'id-b', ...open });
    expect((await store.progress()).at(-1)?.ownFromMs).toBe(1_700_000_008_000);
    await note(second, 'id-b', 1_700_000_012_000, null);
    expect((await store.progress()).at(-1)?.ownFromMs).toBeNull();
  });

  it('gives the ledger and the rows to whoever checks them', async () => {
    const { lease, store, guard, ledgerReader } = world();
    const minute = 1_700_000_040_000;
    const stored = [at(minute + 1), at(minute + 2)];
    await put(store, guard, [
      batch(1, {
        syslog: [syslog('one', { receivedAtMs: minute + 1 }), syslog('two', { receivedAtMs: minute + 59_999 })],
        flows: [flow({ receivedAtMs: minute + 60_000 })],
        ledger: { clockAheadMs: 1.5, nodeId: 'id-a', stored, settled: [] },
      }),
    ]);
    const second = await claimAs(lease, 'b');
    const later = [at(minute + 120_000)];
    await put(store, second, [
      batch(2, { ledger: { clockAheadMs: null, nodeId: 'id-b', stored: later, settled: [] } }),
    ]);
    const linesOf = async (fromMs: number, untilMs: number) => {
      const lines: LedgerLine[] = [];
      for await (const line of ledgerReader.lines(fromMs, untilMs)) lines.push(line);
      return lines;
    };
    expect(await linesOf(0, minute * 2)).toEqual([
      { epoch: guard.epoch, nodeId: 'id-a', clockAheadMs: 1.5, stored },
      { epoch: second.epoch, nodeId: 'id-b', clockAheadMs: null, stored: later },
    ]);
    expect(await linesOf(minute + 60_000, minute * 2)).toHaveLength(1);
    expect(await linesOf(0, minute + 60_000)).toHaveLength(1);
    expect(await ledgerReader.delivered(['s-1', 's-9'])).toEqual(new Set(['s-1']));
    const counts = await ledgerReader.counts(minute, minute + 120_000);
    expect(counts.toSorted((one, other) => one.minute - other.minute)).toEqual([
      { kind: 'syslog', source: '192.0.2.1', minute: minute / 60_000, rows: 2 },
      { kind: 'flow', source: '192.0.2.9', minute: minute / 60_000 + 1, rows: 1 },
    ]);
    expect(await ledgerReader.counts(minute + 60_000, minute + 60_001)).toHaveLength(1);
  });
}
