// The collector beside the collectors that people use: `npm run bench:collector [-- --quick]`. README.md says how it measures.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureLatency } from './latency.ts';
import { modestly, runInFront, widenReceiveBuffers } from './machine.ts';
import { ours } from './ours.ts';
import { peers } from './peers.ts';
import { isThere, prepare } from './prepare.ts';
import { search, type Bench, type Probe } from './probe.ts';
import type { Format, ReceiverEntry } from './receiver-entry.ts';
import { steadyActive, steadyReceiver } from './steady.ts';

const help = `npm run bench:collector -- [--quick] [--only TEXT] [--rounds N] [--seconds N] [--minutes N] [--folder PATH] [--merge] [--modest]

--quick    one round of short runs, under three minutes, without PostgreSQL; the full run takes about half an hour
--only     lines of the table whose name contains TEXT (also: latency, memory of a standby, memory of an active, store: that
           alone; store takes two minutes, and --rounds 3 of it three times as long)
--minutes  how long memory is looked at, of a standby and then of an active (default: 2; --quick: a third)
--folder   where receivers store what they receive (default: /dev/shm where it is there)
--modest   not in front of what else runs: for a long look at memory on a machine that others use
--merge    our receiver with UDP_GRO: bursts of one sender in one piece`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    folder: { type: 'string' },
    merge: { type: 'boolean', default: false },
    modest: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (cpus().length < 2) throw new Error('It takes two processors: one for the receiver, one for the sender.');
if (values.merge) process.env['BENCH_MERGE'] = '1';

const prepared = prepare();
const restore = widenReceiveBuffers();
const folder = join(values.folder ?? (existsSync('/dev/shm') ? '/dev/shm' : prepared.unpacked), `collector-bench-${process.pid}`);
mkdirSync(folder, { recursive: true });
// The NATS servers keep their streams where the peers keep their files.
process.env['TMPDIR'] = folder;
const bench: Bench = {
  blast: prepared.blast,
  front: values.modest ? modestly() : runInFront(),
  folder,
  seconds: Number(values.seconds ?? (values.quick ? 1.5 : 4)),
  bursts: true,
};
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const tries = values.quick ? 3 : 5;
const them = peers(prepared.unpacked);

interface Line {
  what: string;
  format: Format;
  /** First the one that the bar is a multiple of. */
  entries: { entry: ReceiverEntry; guess: number }[];
  /** Of the second entry against the first; null: nothing was asked. */
  bar: number | null;
  onlyInFull?: boolean;
}

const lines: Line[] = [
  { what: 'NetFlow v5, stored', format: 'nf5', bar: 1, entries: [{ entry: them.nfcapd, guess: 190_000 }, { entry: ours.flows, guess: 220_000 }] }, // prettier-ignore
  { what: 'NetFlow v9, stored', format: 'nf9', bar: 1, entries: [{ entry: them.nfcapd, guess: 150_000 }, { entry: ours.flows, guess: 190_000 }] }, // prettier-ignore
  { what: 'IPFIX, stored', format: 'ipfix', bar: 1, entries: [{ entry: them.nfcapd, guess: 180_000 }, { entry: ours.flows, guess: 200_000 }] }, // prettier-ignore
  { what: 'syslog 5424 to JSON', format: 'syslog5424', bar: 1, entries: [{ entry: them.rsyslogJson, guess: 240_000 }, { entry: ours.syslog, guess: 270_000 }] }, // prettier-ignore
  { what: 'syslog 3164', format: 'syslog3164', bar: 0.5, entries: [{ entry: them.rsyslogText, guess: 450_000 }, { entry: ours.syslog, guess: 350_000 }] }, // prettier-ignore
  { what: 'traps v2c', format: 'trap2c', bar: 6, entries: [{ entry: them.snmptrapd, guess: 17_000 }, { entry: ours.traps, guess: 160_000 }] }, // prettier-ignore
  { what: 'NetFlow v5 to INGEST', format: 'nf5', bar: null, entries: [{ entry: them.nfcapd, guess: 190_000 }, { entry: ours.ingest, guess: 150_000 }] }, // prettier-ignore
  { what: 'syslog 3164 to INGEST', format: 'syslog3164', bar: null, onlyInFull: true, entries: [{ entry: them.rsyslogText, guess: 450_000 }, { entry: ours.ingest, guess: 400_000 }] }, // prettier-ignore
  { what: 'syslog 3164, syslog-ng', format: 'syslog3164', bar: null, onlyInFull: true, entries: [{ entry: them.syslogNg, guess: 130_000 }, { entry: ours.syslog, guess: 350_000 }] }, // prettier-ignore
  { what: 'NetFlow v9, nfacctd', format: 'nf9', bar: null, onlyInFull: true, entries: [{ entry: them.nfacctd, guess: 65_000 }, { entry: ours.flows, guess: 190_000 }] }, // prettier-ignore
];
/** What is measured beside the table; its full name asks for that alone ("store" is also in "stored"). */
const besides = ['latency', 'memory of a standby', 'memory of an active', 'store'];
const isAsked = (name: string) => (besides.includes(values.only) ? name === values.only : name.includes(values.only));
const asked = lines.filter((line) => isAsked(line.what) && (values.only !== '' || !values.quick || !line.onlyInFull));

/** Datagrams/s of 30 flows: about what goes into PostgreSQL on one core. */
const activeRate = 25_000;

const found = new Map<string, Probe[]>();
const keyOf = (entry: ReceiverEntry, format: Format) => `${entry.name}\n${format}`;
const median = (list: number[]) => {
  const sorted = list.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
};
const ratesOf = (entry: ReceiverEntry, format: Format) => (found.get(keyOf(entry, format)) ?? []).map(({ rate }) => rate);

const began = new Date();
const loadBefore = loadavg()[0] ?? 0;
try {
  for (let round = 0; round < rounds; round += 1) {
    const done = new Set<string>();
    for (const { format, entries } of asked) for (const { entry, guess } of entries) await once(done, entry, format, guess);
  }
  if (asked.length > 0) printTable();
  const bestIngest = median(ratesOf(ours.ingest, 'nf5'));
  const memoryAsked = (whose: string) => (values.only === '' ? !values.quick : isAsked(`memory of ${whose}`));
  const seconds = Number(values.minutes ?? (values.quick ? 1 / 3 : 2)) * 60;
  if (memoryAsked('a standby'))
    await steadyReceiver(bench, ours.ingest, 'nf5', Math.round((bestIngest || 100_000) * 0.9), seconds);
  if (memoryAsked('an active')) await steadyActive(bench, activeRate, seconds);
  if (values.only === '' ? !values.quick : isAsked('latency')) await measureLatency(values.quick ? 10 : 30);
  if (values.only === '' ? !values.quick : isAsked('store')) await store();
} finally {
  rmSync(folder, { recursive: true, force: true });
  restore();
}

/** Neighbours in time, so that what else the machine does meets both. */
async function once(done: Set<string>, entry: ReceiverEntry, format: Format, guess: number): Promise<void> {
  const key = keyOf(entry, format);
  if (done.has(key)) return;
  done.add(key);
  if (entry.program && !isThere(entry.program)) {
    console.log(`Left out: ${entry.name} (${entry.program} is not there).`);
    return;
  }
  const before = ratesOf(entry, format);
  try {
    const best = await search(bench, entry, format, before.at(-1) ?? guess, tries);
    if (best) found.set(key, [...(found.get(key) ?? []), best]);
    else console.log(`${entry.name}, ${format}: no rate without loss was found in ${tries} runs.`);
  } catch (error) {
    console.log(`${entry.name}, ${format}: ${String(error)}`);
  }
}

function printTable(): void {
  const processor = cpus()[0]?.model ?? '';
  console.log(
    `\n${began.toISOString().slice(0, 16)}Z, ${cpus().length} processors (${processor}), load ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after; ` +
      `${rounds} round${rounds === 1 ? '' : 's'}, runs of ${bench.seconds} s, loss < 0.1 %, stored in ${folder.startsWith('/dev/shm') ? 'memory (tmpfs)' : folder}`,
  );
  const cells = asked.flatMap(({ what, format, entries, bar }) => {
    const [theirs, own] = entries;
    const ratio = theirs && own ? median(ratesOf(own.entry, format)) / median(ratesOf(theirs.entry, format)) : NaN;
    return entries.map(({ entry }, index) => {
      const runs = found.get(keyOf(entry, format)) ?? [];
      const rate = median(runs.map((run) => run.rate));
      const records = rate * (runs[0]?.recordsPerDatagram ?? 1);
      const last = index === entries.length - 1;
      return [
        index === 0 ? what : '',
        entry.name,
        runs.length === 0 ? 'none' : Math.round(rate).toLocaleString('en'),
        runs.length === 0 ? '' : Math.round(records).toLocaleString('en'),
        runs.length === 0 ? '' : median(runs.map((run) => run.processorUsPerDatagram)).toFixed(2),
        runs.length === 0 ? '' : Math.max(...runs.map((run) => run.residentMiB)).toFixed(0),
        last && Number.isFinite(ratio) ? `${ratio.toFixed(2)}` : '',
        last && bar !== null ? bar.toFixed(1) : '',
      ];
    });
  });
  const head = ['what', 'receiver', 'datagrams/s', 'records/s', 'µs/datagram', 'MiB', 'ratio', 'bar'];
  for (const row of [head, head.map(() => '---'), ...cells]) console.log(`| ${row.join(' | ')} |`);
}

/** The whole path into PostgreSQL, beside rsyslog's and pmacct's outputs. */
async function store(): Promise<void> {
  const file = fileURLToPath(new URL('store.ts', import.meta.url));
  if (!existsSync(file)) return;
  console.log('\nInto PostgreSQL:');
  spawnSync(process.execPath, ['--conditions=@hotstandby/source', '--disable-warning=ExperimentalWarning', file, '--repeat', values.rounds ?? '1'], { stdio: 'inherit', timeout: 1_800_000 });
}
