// `npm run simulate`: whole clusters (arbiter, heartbeat, gates) under virtual time, with faults of a mix that each seed
// picks. Runs the sources as they are; one seed replays one schedule, whatever runs before it or beside it.
import { counted, knownBad, timingOf, type WithPolicies } from '@hotstandby/testing/simulator';
import { availableParallelism, getPriority, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { inOrder, type RunRange } from './simulation/in-order.ts';
import { Pool } from './simulation/pool.ts';
import { Progress } from './simulation/progress.ts';
import { printStalls } from './simulation/stalls.ts';
import { addCounts, runRange } from './simulation/run-range.ts';

const usage = `npm run simulate -- [--seeds N] [--from S] [--jobs J] [--keep-going] [--trace] [--mutants]
                       [--policies some|none|all] [--beat MS --ttl MS]

  --seeds N      how many schedules, 1000 by default
  --from S       the first seed, 1 by default
  --jobs J       threads; by default 1 for less than 2000 schedules, else as many as there are cores, with low priority
  --keep-going   do not stop at the first broken invariant
  --trace        print what happened in each schedule
  --policies W   which schedules have policies beside the lease: an eighth of them (some), none, or all
  --beat, --ttl  times of the lease in ms, in schedules without policies; 40 and 150 by default
  --stalls N     instead: what it costs when a process of the active, or the store, stands still, N times each length
  --mutants      known-bad variants instead: which seed catches each, at most N tries (exit code 1 when one survives)

The seeds' schedules are the same with any number of jobs. Exit code 1 when an invariant was broken: the seed is named,
with what happened. A take-over is a claim from a holder that had not let go; a false one is from a holder that was alive,
not frozen, and not cut off from another voter: it breaks nothing, but it is the price of short times.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    policies: { type: 'string' },
    beat: { type: 'string' },
    ttl: { type: 'string' },
    stalls: { type: 'string' },
    only: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
const jobs = Number(values.jobs ?? (seeds < 2000 ? 1 : availableParallelism()));
const leaseTtlMs = values.ttl === undefined ? null : Number(values.ttl);
const beatMs = values.beat === undefined ? Math.floor((leaseTtlMs ?? 150) / 3) : Number(values.beat);
const timing = leaseTtlMs === null ? null : timingOf(beatMs, leaseTtlMs);
const policies = (values.policies ?? (timing ? 'none' : 'some')) as WithPolicies;
const whole = [seeds, from, jobs, beatMs, leaseTtlMs ?? 150].every(
  (number) => Number.isSafeInteger(number) && number >= 0,
);
const known = ['some', 'none', 'all'].includes(policies) && 3 * beatMs <= (leaseTtlMs ?? 150);
if (values.help || !whole || !known || seeds === 0 || jobs === 0) {
  console.log(usage);
  process.exit(values.help ? 0 : 64);
}

if (values.stalls !== undefined) {
  await printStalls(from, Number(values.stalls), timing ?? timingOf(40, 150));
  process.exit(0);
}

// Before the threads begin: each takes over the priority.
if (jobs > 1 && getPriority() < 10) setPriority(10);
const pool = jobs > 1 ? new Pool(jobs) : null;
const run: RunRange = (range) => (pool ? pool.run(range) : runRange(range));
process.exitCode = values.mutants ? await catchMutants() : await runSchedules();
await pool?.close();

async function runSchedules(): Promise<number> {
  const { trace: traces, 'keep-going': keepGoing } = values;
  const progress = new Progress(seeds);
  const total = { schedules: 0, violations: 0, reigns: 0, takeOvers: 0, falseTakeOvers: 0 };
  const counts: Record<string, number> = {};
  const range = { from, seeds, variant: null, policies, timing, traces, stopAtViolation: !keepGoing };
  for await (const part of inOrder(range, { run, jobs, seedsAtOnce: Math.min(50, Math.ceil(seeds / jobs)) })) {
    total.schedules += part.schedules;
    total.violations += part.violations.length;
    total.reigns += part.reigns;
    total.takeOvers += part.takeOvers;
    total.falseTakeOvers += part.falseTakeOvers;
    addCounts(counts, part.counts);
    progress.clear();
    for (const { seed, lines } of part.traces) console.log(`seed ${seed}\n${lines.join('\n')}\n`);
    for (const { seed, what } of part.violations) {
      console.log(
        `seed ${seed}: ${what.join('; ')}\nonce more: npm run simulate -- --from ${seed} --seeds 1 --trace\n`,
      );
    }
    if (total.violations > 0 && !keepGoing) break;
    progress.show(total.schedules, total.violations);
  }
  progress.clear();
  const { schedules, violations, reigns, takeOvers, falseTakeOvers } = total;
  const seconds = progress.seconds();
  const rate = (schedules / seconds).toFixed(0);
  console.log(
    `schedules ${schedules}, violations ${violations}, take-overs ${takeOvers}, false take-overs ${falseTakeOvers}`,
  );
  console.log(
    `seeds ${from} to ${from + schedules - 1}, reigns ${reigns}, ${seconds.toFixed(1)} s with ${jobs} ${jobs === 1 ? 'job' : 'jobs'}: ${rate} a second`,
  );
  console.log(`with ${counted.map((what) => `${counts[what] ?? 0} ${what}`).join(', ')}`);
  return violations === 0 ? 0 : 1;
}

async function catchMutants(): Promise<number> {
  let survived = 0;
  const column = Math.max(...knownBad.map(({ name }) => name.length));
  const wanted = knownBad.filter(({ name }) => name.includes(values.only ?? ''));
  for (const { name } of wanted) {
    const range = { from, seeds, variant: name, policies, timing, traces: false, stopAtViolation: true };
    let said = `SURVIVED ${seeds} seeds`;
    for await (const part of inOrder(range, { run, jobs, seedsAtOnce: 10 })) {
      const first = part.violations[0];
      if (!first) continue;
      said = `caught by seed ${first.seed}, after ${first.seed - from + 1}: ${first.what[0]}`;
      break;
    }
    if (said.startsWith('SURVIVED')) survived++;
    console.log(`${name.padEnd(column)} ${said}`);
  }
  return survived === 0 ? 0 : 1;
}
