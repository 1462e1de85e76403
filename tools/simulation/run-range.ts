import { knownBad, policiesOf, simulate, type SimulatedTiming, type WithPolicies } from '@hotstandby/testing/simulator';
import { setImmediate } from 'node:timers/promises';

/** Schedules of seeds in a row, with the lease's own rules or those of a known-bad variant. */
export interface Range {
  from: number;
  seeds: number;
  variant: string | null;
  policies: WithPolicies;
  /** Of the schedules without policies; null: that of profile fast. */
  timing: SimulatedTiming | null;
  /** Every trace, not only those of broken invariants. */
  traces: boolean;
  stopAtViolation: boolean;
}

export interface RangeResult {
  /** How many were run: fewer than asked for after a violation. */
  schedules: number;
  reigns: number;
  takeOvers: number;
  falseTakeOvers: number;
  /** What few schedules have, by name. */
  counts: Record<string, number>;
  violations: { seed: number; what: string[] }[];
  traces: { seed: number; lines: string[] }[];
}

export async function runRange({
  from,
  seeds,
  variant,
  policies,
  timing,
  traces,
  stopAtViolation,
}: Range): Promise<RangeResult> {
  const result: RangeResult = {
    schedules: 0,
    reigns: 0,
    takeOvers: 0,
    falseTakeOvers: 0,
    counts: {},
    violations: [],
    traces: [],
  };
  const known = knownBad.find(({ name }) => name === variant) ?? null;
  const options = { policies, ...(timing ? { timing } : {}) };
  const inPoliciesAlone = known?.decidePolicy !== undefined || known?.inPolicies === true;
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const { stackTraceLimit } = Error;
  // Errors are the daily bread of a faulty schedule, and nobody reads where they were made unless one seed is traced.
  if (!traces) Error.stackTraceLimit = 0;
  try {
    for (let seed = from; seed < from + seeds; seed++) {
      result.schedules++;
      if (inPoliciesAlone && policiesOf(seed, policies) === null) continue;
      const run = await simulate(seed, known, options).catch((error: unknown) => {
        throw new Error(`seed ${seed} could not be run`, { cause: error });
      });
      // Virtual time never goes through the event loop; this is where a rejection that nobody handled shows.
      await setImmediate();
      const what = [
        ...run.violations,
        ...unhandled.splice(0).map((error) => `a service would have ended: ${String(error)}`),
      ];
      result.reigns += run.reigns;
      result.takeOvers += run.takeOvers;
      result.falseTakeOvers += run.falseTakeOvers;
      addCounts(result.counts, run.counts);
      if (what.length > 0) result.violations.push({ seed, what });
      if (what.length > 0 || traces) result.traces.push({ seed, lines: run.trace });
      if (what.length > 0 && stopAtViolation) break;
    }
  } finally {
    process.off('unhandledRejection', note);
    Error.stackTraceLimit = stackTraceLimit;
  }
  return result;
}

/** One range's counts on top of another's. */
export function addCounts(total: Record<string, number>, more: Partial<Record<string, number>>): void {
  for (const [what, number] of Object.entries(more)) total[what] = (total[what] ?? 0) + (number ?? 0);
}
