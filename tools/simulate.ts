// `npm run simulate -- --seeds N [--from S] [--trace]`: whole pairs (arbiter, heartbeat, gates) under virtual time, with
// faults of a mix that each seed picks. Runs the sources as they are; one seed replays one schedule.
import { knownBad, simulate } from '@hotstandby/testing/simulator';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (values.help || !Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(from) || from < 0) {
  console.log(`npm run simulate -- [--seeds N] [--from S] [--trace] [--mutants]

  --seeds N   how many schedules, 1000 by default
  --from S    the first seed, 1 by default
  --trace     print what happened in each schedule (with one seed)
  --mutants   known-bad variants instead: which seed catches each, at most N tries (exit code 1 when one survives)

Exit code 1 when an invariant was broken; the seed that did it is named with its trace.`);
  process.exit(values.help ? 0 : 64);
}

if (values.mutants) {
  let survived = 0;
  for (const variant of knownBad) {
    let caughtBy: number | null = null;
    for (let seed = from; seed < from + seeds && caughtBy === null; seed++) {
      if ((await simulate(seed, variant)).violations.length > 0) caughtBy = seed;
    }
    if (caughtBy === null) survived++;
    const said =
      caughtBy === null ? `SURVIVED ${seeds} seeds` : `caught by seed ${caughtBy}, after ${caughtBy - from + 1}`;
    console.log(`${variant.name.padEnd(46)} ${said}`);
  }
  process.exit(survived === 0 ? 0 : 1);
}

const startedMs = performance.now();
let violations = 0;
let reigns = 0;
for (let seed = from; seed < from + seeds; seed++) {
  const run = await simulate(seed);
  reigns += run.reigns;
  if (run.violations.length > 0) violations++;
  if (run.violations.length > 0 || values.trace) console.log(`seed ${seed}\n${run.trace.join('\n')}\n`);
  if (process.stderr.isTTY && seed % 50 === 0) process.stderr.write(`\r${seed - from} of ${seeds}`);
}
const rate = seeds / ((performance.now() - startedMs) / 1000);
console.log(
  `schedules ${seeds}, violations ${violations}, reigns ${reigns} (seeds ${from} to ${from + seeds - 1}, ${rate.toFixed(0)} a second)`,
);
process.exitCode = violations === 0 ? 0 : 1;
