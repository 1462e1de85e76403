// `npm run chaos -- [--seed S] [--for 10m] [--profile fast|standard]`: a real pair in network namespaces, hurt at random.
import { parseArgs } from 'node:util';
import { everyEpisode } from './every.ts';
import { missing } from './programs.ts';
import { reportLines } from './report.ts';
import { ChaosRun } from './run.ts';
import { type Episode, randomEpisodes, tellingEpisodes } from './schedule.ts';

const help = `npm run chaos -- [--seed S] [--for 10m] [--profile fast|standard] [--fixed | --every]

A whole pair on real parts, every machine a network namespace: services, NATS servers, PostgreSQL, a virtual IP, a client
that sends telemetry to it and asks who has it. Faults from a seed, one to three at a time: kills, freezes, cuts, pulled
cables, a store that stalls or dies, restarts, stepped clocks, processor hogs, switchovers. Then everything is mended,
the pair must become whole, and nothing may have happened that must not. Needs root.

  --seed S        the schedule of faults, a whole number; chosen and printed when left out
  --for T         how long, as 90s, 10m or 2h (default 2m); the episode under way is finished
  --profile NAME  standard (default) or fast: the pair's timings
  --fixed         the list of faults that npm test tries, before the random ones
  --every         each kind of fault to everything that it can be done to, one at a time; then the end, whatever --for says

Prints the seed, a timeline and a verdict. Exit codes: 0 nothing happened that must not, 1 something did (logs and data are
kept, the folder is named), 2 the pair could not be started, 64 wrong options, 130 interrupted.`;

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'string') {
    console.log(options);
    return options === help ? 0 : 64;
  }
  const why = missing();
  if (why !== null) {
    console.error(why);
    return 2;
  }
  const { seed, forMs, profile, list } = options;
  console.log(`seed ${seed}, profile ${profile}, for ${forMs / 1000} s`);
  const run = await ChaosRun.begin(profile, (line) => console.log(line));
  let interrupted = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (interrupted) return;
      interrupted = true;
      console.log('asked to end: everything is removed');
      void run.close().finally(() => process.exit(130));
    });
  let whole = true;
  for (const episode of list === 'every' ? everyEpisode() : then(list === 'fixed' ? tellingEpisodes : [], seed)) {
    whole = await run.episode(episode);
    if (!whole || (list !== 'every' && run.elapsedMs > forMs)) break;
  }
  const report = whole ? await run.end() : null;
  if (!report) await run.close();
  console.log(`\nseed ${seed}, profile ${profile}`);
  for (const line of report ? reportLines(report) : run.violations) console.log(line);
  const safe = run.violations.length === 0;
  console.log(
    safe ? 'verdict: nothing happened that must not' : `verdict: BROKEN; logs and data: ${run.pair.folderAfter}`,
  );
  return safe ? 0 : 1;
}

function* then(first: readonly Episode[], seed: number): Generator<Episode> {
  yield* first;
  yield* randomEpisodes(seed);
}

interface Options {
  seed: number;
  forMs: number;
  profile: 'fast' | 'standard';
  list: 'random' | 'fixed' | 'every';
}

/** Or the text to print instead. */
function readOptions(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        for: { type: 'string', default: '2m' },
        profile: { type: 'string', default: 'standard' },
        fixed: { type: 'boolean', default: false },
        every: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return help;
    const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
    if (!Number.isSafeInteger(seed) || seed < 0) return '--seed must be a whole number';
    const [, amount, unit = 's'] = /^(\d+)([smh]?)$/.exec(values.for) ?? [];
    if (amount === undefined) return '--for must be a time like 90s, 10m or 2h';
    const forMs = Number(amount) * { s: 1000, m: 60_000, h: 3_600_000 }[(unit || 's') as 's' | 'm' | 'h'];
    const { profile } = values;
    if (profile !== 'fast' && profile !== 'standard') return '--profile must be fast or standard';
    const list = values.every ? 'every' : values.fixed ? 'fixed' : 'random';
    return { seed, forMs, profile, list };
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error);
  process.exit(2);
}
