import { describe, expect, it } from 'vitest';
import { ClockOffsetEstimate } from './index.ts';

/** Their wall clock is our monotonic one and a million; `there` and `back` are the ways of a look. */
const look = (atMs: number, there: number, back: number, theirsMs = 1_000_000) => ({
  sentAtMs: atMs,
  receivedAtMs: atMs + there + back,
  theirWallMs: atMs + there + theirsMs,
});

describe('the estimate of another clock', () => {
  it('knows nothing before it has looked', () => {
    const estimate = new ClockOffsetEstimate();
    expect(estimate.best()).toBeNull();
    expect(estimate.aheadMs({ wallMs: 5, monotonicMs: 5 })).toBeNull();
  });

  it('believes the quickest answer, which is never further off than half of its way', () => {
    const estimate = new ClockOffsetEstimate();
    estimate.add(look(0, 400, 20));
    estimate.add(look(1000, 3, 1));
    estimate.add(look(2000, 10, 300));
    expect(estimate.best()).toEqual({ offsetMs: 1_000_001, uncertaintyMs: 2 });
    expect(estimate.aheadMs({ wallMs: 1_008_001, monotonicMs: 5000 })).toBe(3000);
  });

  it('follows our own wall clock when it is set, without another look', () => {
    const estimate = new ClockOffsetEstimate();
    estimate.add(look(0, 1, 1));
    expect(estimate.aheadMs({ wallMs: 1_000_100, monotonicMs: 100 })).toBe(0);
    expect(estimate.aheadMs({ wallMs: 4_600_100, monotonicMs: 100 })).toBe(3_600_000);
  });

  it('forgets what it knew when the other clock was set', () => {
    const estimate = new ClockOffsetEstimate();
    estimate.add(look(0, 1, 1));
    estimate.add(look(1000, 100, 100, 1_005_000));
    expect(estimate.best()).toEqual({ offsetMs: 1_005_000, uncertaintyMs: 100 });
  });

  it('lets an old answer go, however quick it was', () => {
    const estimate = new ClockOffsetEstimate();
    estimate.add(look(0, 0, 0));
    estimate.add(look(130_000, 4, 4, 1_000_010));
    expect(estimate.best()).toEqual({ offsetMs: 1_000_010, uncertaintyMs: 4 });
  });

  it('takes nothing that cannot be', () => {
    const estimate = new ClockOffsetEstimate();
    estimate.add({ sentAtMs: 5, receivedAtMs: 4, theirWallMs: 1 });
    estimate.add({ sentAtMs: 5, receivedAtMs: 6, theirWallMs: Number.NaN });
    expect(estimate.best()).toBeNull();
  });
});
