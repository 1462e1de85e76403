// `npm run fuzz`: octets that nobody would send, into the decoders and framings, guided by the coverage of their sources. Runs the
// sources as they are; the same seed finds the same on the same Node.
import { mkdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { readCorpus, writeCorpus } from './fuzzing/corpus.ts';
import { Fuzzer } from './fuzzing/fuzzer.ts';
import { HangWatch } from './fuzzing/hang-watch.ts';
import { smallest } from './fuzzing/smallest.ts';
import { targets, type Target, type TargetName } from './fuzzing/targets.ts';

const usage = `npm run fuzz -- --decoder NAME [--for 10m] [--runs N] [--seed S] [--save] [--input HEX]

  --decoder NAME  one of ${Object.keys(targets).join(', ')}
  --for TIME      10s, 5m, 1h; one minute by default
  --runs N        so many inputs instead
  --seed S        what chance begins with; the time of day by default
  --save          keep the inputs that reached something in test/fixtures/fuzz
  --input HEX     this input alone

Exit code 1 when something does not hold: the input is printed and kept in .hotstandby/fuzz.`;

const { values } = parseArgs({
  options: {
    decoder: { type: 'string' },
    for: { type: 'string', default: '1m' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    input: { type: 'string' },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const name = values.decoder as TargetName;
const forMs = durationMs(values.for);
const runs = values.runs === undefined ? Infinity : Number(values.runs);
const seed = Number(values.seed ?? Date.now());
if (values.help || !(name in targets) || forMs === null || Number.isNaN(runs) || !Number.isSafeInteger(seed)) {
  console.log(usage);
  process.exit(values.help ? 0 : 64);
}
if (getPriority() < 10) setPriority(10);
const target: Target = targets[name];
if (values.input !== undefined) {
  target.check(Uint8Array.from(Buffer.from(values.input, 'hex')));
  console.log('holds');
  process.exit(0);
}

const watch = new HangWatch();
const fuzzer = new Fuzzer(target, seed, (input) => watch.begin(input));
const beganMs = performance.now();
const elapsedSeconds = () => Math.round((performance.now() - beganMs) / 1000);
console.log(`${name}: seed ${seed}`);
fuzzer.start([...target.seeds(), ...readCorpus(name)]);
let toldMs = beganMs;
let goesOn = fuzzer.state().finding === null;
const isOver = () => (runs === Infinity ? performance.now() - beganMs >= forMs : fuzzer.state().runs >= runs);
while (goesOn && !isOver()) {
  goesOn = fuzzer.step();
  if (performance.now() - toldMs < 30_000) continue;
  toldMs = performance.now();
  tell();
}
tell();
fuzzer.stop();
await watch.stop();
const { finding, corpus } = fuzzer.state();
if (values.save) console.log(`kept in ${writeCorpus(name, smallest(target, corpus))}`);
if (finding) {
  const hex = Buffer.from(finding.input).toString('hex');
  mkdirSync('.hotstandby/fuzz', { recursive: true });
  writeFileSync(`.hotstandby/fuzz/${name}-${seed}.hex`, `${hex}\n`);
  console.error(`${finding.message}\n${hex.length > 4000 ? `${hex.slice(0, 4000)}... (.hotstandby/fuzz)` : hex}`);
  process.exitCode = 1;
}

function tell(): void {
  const state = fuzzer.state();
  const cpuSeconds = Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1e6);
  console.log(
    `${elapsedSeconds()} s (${cpuSeconds} s of processor time), ${state.runs} inputs, ${state.corpus.length} kept, ` +
      `${state.blocks} blocks, dearest ${state.dearest.toFixed(1)} an octet`,
  );
}

function durationMs(text: string): number | null {
  const [, number, unit = ''] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * ({ s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? NaN);
}
