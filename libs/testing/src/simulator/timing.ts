import type { LeaseTiming } from '@hotstandby/core/lease';

export type SimulatedTiming = LeaseTiming & { statementTimeoutMs: number };

/** The times of faults are those of a lease so long, and go with it. */
export const plainLeaseMs = 150;
const clockDrift = 0.01;
const marginMs = 5;

/** Any lease, with the rest of its times as the configuration has them when only these two are given. */
export function timingOf(
  beatMs: number,
  leaseTtlMs: number,
  more: { fenceLeadMs?: number; statementTimeoutMs?: number } = {},
): SimulatedTiming {
  return {
    beatMs,
    leaseTtlMs,
    takeoverWaitMs: (leaseTtlMs * (1 + clockDrift)) / (1 - clockDrift) + marginMs,
    fenceLeadMs: more.fenceLeadMs ?? Math.min(15, 0.3 * leaseTtlMs),
    statementTimeoutMs: more.statementTimeoutMs ?? Math.min(120, 0.8 * leaseTtlMs),
  };
}

export const standardTiming = timingOf(500, 2000, { fenceLeadMs: 100, statementTimeoutMs: 1500 });
