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

/** A relation between timings that must hold. `broken` says in a sentence that it does not, with the numbers. */
export interface Relation {
  rule: string;
  why: string;
  holds: (timing: Timing) => boolean;
  broken: (timing: Timing) => string;
}

export const relations: readonly Relation[] = [
  {
    rule: 'leaseTtlMs is at least 3 x beatMs',
    why: 'else a single late beat would end the reign',
    holds: ({ beatMs, leaseTtlMs }) => 3 * beatMs <= leaseTtlMs,
    broken: ({ beatMs, leaseTtlMs }) =>
      `leaseTtlMs (${leaseTtlMs}) must be at least 3 x beatMs (${beatMs}): a single late beat would end the reign`,
  },
  {
    rule: 'fenceLeadMs is less than a third of leaseTtlMs',
    why: 'else the active would let go between two beats',
    holds: ({ fenceLeadMs, leaseTtlMs }) => fenceLeadMs < leaseTtlMs / 3,
    broken: ({ fenceLeadMs, leaseTtlMs }) =>
      `fenceLeadMs (${fenceLeadMs}) must be less than a third of leaseTtlMs (${leaseTtlMs}): the active would let go between two beats`,
  },
  {
    rule: 'statementTimeoutMs is less than leaseTtlMs',
    why: 'an answer after that renews nothing',
    holds: ({ statementTimeoutMs, leaseTtlMs }) => statementTimeoutMs < leaseTtlMs,
    broken: ({ statementTimeoutMs, leaseTtlMs }) =>
      `statementTimeoutMs (${statementTimeoutMs}) must be less than leaseTtlMs (${leaseTtlMs}): an answer after that renews nothing`,
  },
  {
    rule: 'clockDrift is less than 0.2',
    why: 'a clock that is further off is broken',
    holds: ({ clockDrift }) => clockDrift < 0.2,
    broken: ({ clockDrift }) => `clockDrift (${clockDrift}) must be less than 0.2`,
  },
  {
    rule: 'marginMs is at least 1',
    why: 'no kernel timer is never late',
    holds: ({ marginMs }) => marginMs >= 1,
    broken: ({ marginMs }) => `marginMs (${marginMs}) must be at least 1`,
  },
];

/** Each broken relation in a sentence. */
export function brokenRelations(timing: Timing): string[] {
  return relations.filter(({ holds }) => !holds(timing)).map(({ broken }) => broken(timing));
}
