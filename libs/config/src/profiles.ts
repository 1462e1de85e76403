/** Timings of the lease in milliseconds; `clockDrift` is a fraction. */
export interface Timing {
  beatMs: number;
  leaseTtlMs: number;
  /** How far the rate of each host's clock may be off. */
  clockDrift: number;
  /** The longest that a kernel timer may be late. */
  marginMs: number;
  /** How long before the grant's end the active begins to let go. */
  fenceLeadMs: number;
  statementTimeoutMs: number;
}

export const profiles = {
  fast: { beatMs: 40, leaseTtlMs: 150, clockDrift: 0.01, marginMs: 5, fenceLeadMs: 15, statementTimeoutMs: 120 },
  standard: {
    beatMs: 500,
    leaseTtlMs: 2000,
    clockDrift: 0.01,
    marginMs: 5,
    fenceLeadMs: 100,
    statementTimeoutMs: 1500,
  },
  // The seeds' 60 s / 60 s / 1: beats every third of the lease, because equal values would fence at every beat.
  classic: {
    beatMs: 20_000,
    leaseTtlMs: 60_000,
    clockDrift: 0.01,
    marginMs: 5,
    fenceLeadMs: 1000,
    statementTimeoutMs: 15_000,
  },
} as const satisfies Record<string, Timing>;

export type ProfileName = keyof typeof profiles;

/** After this silence a node may claim: by then a grant is dead on its holder's clock, however both clocks drift. */
export function takeoverWaitMs(timing: Timing): number {
  const d = timing.clockDrift;
  return (timing.leaseTtlMs * (1 + d)) / (1 - d) + timing.marginMs;
}

/** The relations between timings that must hold; each broken one in a sentence. */
export function brokenRelations(timing: Timing): string[] {
  const broken: string[] = [];
  const must = (holds: boolean, rule: string) => {
    if (!holds) broken.push(rule);
  };
  const { beatMs, leaseTtlMs, fenceLeadMs, statementTimeoutMs, clockDrift, marginMs } = timing;
  must(
    3 * beatMs <= leaseTtlMs,
    `leaseTtlMs (${leaseTtlMs}) must be at least 3 x beatMs (${beatMs}): a single late beat would end the reign`,
  );
  must(
    fenceLeadMs < leaseTtlMs / 3,
    `fenceLeadMs (${fenceLeadMs}) must be less than a third of leaseTtlMs (${leaseTtlMs}): the active would let go between two beats`,
  );
  must(
    statementTimeoutMs < leaseTtlMs,
    `statementTimeoutMs (${statementTimeoutMs}) must be less than leaseTtlMs (${leaseTtlMs}): an answer after that renews nothing`,
  );
  must(clockDrift < 0.2, `clockDrift (${clockDrift}) must be less than 0.2`);
  must(marginMs >= 1, `marginMs (${marginMs}) must be at least 1`);
  return broken;
}
