import { describe, expect, it } from 'vitest';
import { faultsOf, makeReport, reportText, type ReportInput, type Sent, type StoredRow } from './report.ts';
import { trafficKinds } from './traffic/generator.ts';

// One datagram of each kind every 100 ms; the fault is at 2000, the role changed at 2300.
const sent: Sent[] = trafficKinds.flatMap((kind) =>
  Array.from({ length: 40 }, (_, index) => ({ kind, sequence: index + 1, atMs: index * 100 })),
);
const storedOf = (one: Sent): StoredRow => ({
  kind: one.kind,
  sequence: one.sequence,
  epoch: one.atMs < 2000 ? 4 : 5,
  committedAtMs: Math.max(one.atMs + 5, one.atMs < 2000 ? 0 : 2250.4),
});
const input = (keep: (one: Sent) => boolean, more: StoredRow[] = []): ReportInput => ({
  sent,
  stored: [...sent.filter(keep).map(storedOf), ...more],
  faultAtMs: 2000,
  gapEndsAtMs: 2300,
});
const not =
  (kind: string, ...sequences: number[]) =>
  (one: Sent) =>
    one.kind !== kind || !sequences.includes(one.sequence);

describe('the report of a take-over', () => {
  it('has nothing to say when each datagram is stored once', () => {
    const report = makeReport(input(() => true));
    expect(report.takeoverMs).toBe(250);
    expect(report.epochs).toEqual([4, 5]);
    expect(report.kinds.syslog).toEqual({
      sent: 40,
      stored: 40,
      doubled: 0,
      lostInGap: 0,
      lost: 0,
      lostSentAfterMs: [],
    });
    expect(faultsOf(report)).toEqual([]);
  });

  it('counts what was sent from a second before the fault to the new binding as lost in the gap', () => {
    // Sent at 900 (outside), 1000 and 2300 (the gap's ends), 2400 (outside).
    const report = makeReport(input(not('trap', 10, 11, 24, 25)));
    expect(report.kinds.trap).toEqual({
      sent: 40,
      stored: 36,
      doubled: 0,
      lostInGap: 2,
      lost: 2,
      lostSentAfterMs: [-1100, 400],
    });
    expect(report.kinds.flow.lost).toBe(0);
    expect(faultsOf(report)).toEqual(['2 trap lost, sent at -1100, 400 ms from the fault on']);
  });

  it('forgives nothing when both nodes were fed', () => {
    const report = makeReport({ ...input(not('trap', 10, 21)), gapEndsAtMs: null });
    expect(report.kinds.trap).toMatchObject({ lostInGap: 0, lost: 2 });
  });

  it('counts every row beyond the first of a datagram as doubled', () => {
    const again = storedOf({ kind: 'flow', sequence: 7, atMs: 600 });
    const report = makeReport(input(() => true, [again, { ...again, epoch: 5, committedAtMs: 2600 }]));
    expect(report.kinds.flow).toMatchObject({ stored: 40, doubled: 2 });
    expect(faultsOf(report)).toEqual(['2 flow stored twice']);
  });

  it('says when there was no take-over, or more than one', () => {
    const none = makeReport({ ...input((one) => one.atMs < 2000), gapEndsAtMs: Infinity });
    expect(none).toMatchObject({ takeoverMs: null, epochs: [4] });
    expect(none.kinds.syslog).toMatchObject({ lostInGap: 20, lost: 0 });
    expect(faultsOf(none).join()).toContain('exactly two epochs');
    const third = { ...storedOf({ kind: 'flow', sequence: 40, atMs: 3900 }), epoch: 6 };
    expect(faultsOf(makeReport(input(not('flow', 40), [third]))).join()).toContain('1 take-over(s) by themselves');
  });

  it('prints as a table', () => {
    expect(reportText(makeReport(input(() => true)))).toContain(
      '  syslog        40        40         0         0         0',
    );
  });
});

it('counts a take-over that came before the fault as one that nobody asked for', () => {
  const row = (sequence: number, epoch: number, committedAtMs: number) => ({
    kind: 'syslog' as const,
    sequence,
    epoch,
    committedAtMs,
  });
  const sent = [1, 2, 3].map((sequence) => ({ kind: 'syslog' as const, sequence, atMs: 1000 * sequence }));
  const stored = [row(1, 4, 1010), row(2, 5, 2010), row(3, 5, 3010)];
  expect(makeReport({ sent, stored, faultAtMs: 2500, gapEndsAtMs: 2600 }).falseTakeovers).toBe(1);
  expect(makeReport({ sent, stored, faultAtMs: 1500, gapEndsAtMs: 1600 }).falseTakeovers).toBe(0);
});
