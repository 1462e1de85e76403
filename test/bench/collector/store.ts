// How fast a collector brings what INGEST holds into PostgreSQL: rows (or flow records) a second, and the processor time of
// each of them, and its memory. The collector has core 0, PostgreSQL and NATS core 1; all three run in front of everything else.
// `node --conditions=@hotstandby/source test/bench/collector/store.ts [--format syslog5424,nf5] [--records N] [--config 'rawFlows: true']`
// `--flags='--cpu-prof'`: of the collector's node. `--repeat N`: the median counts.
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { serviceFlags } from '../../collector/collector-process.ts';
import { CollectorRig } from '../../collector/rig.ts';
import { eventually } from '../../parts/eventually.ts';
import { childrenOf } from '../../parts/process-children.ts';
import { inFrontOn, receiverCore, runInFront, senderCore, treeOf } from './machine.ts';
import { formats, framesOf, recordsOf, type Format } from './datagrams.ts';

const { values } = parseArgs({
  options: {
    format: { type: 'string', default: '' },
    records: { type: 'string', default: '1000000' },
    config: { type: 'string', default: '' },
    flags: { type: 'string', default: '' },
    repeat: { type: 'string', default: '1' },
  },
});
/** As the database of the peers was set up: what is measured is what storing costs, not how often it checkpoints. */
const database = {
  settings: { shared_buffers: '512MB', max_wal_size: '8GB', checkpoint_timeout: '30min', autovacuum: 'off', fsync: 'on' },
};

/** All that is stored waits there first. */
const ingest = '  ingest: { maxBytes: 2147483648 }\n';

runInFront();
/** What is asked of the whole path: syslog as rows, flows as sums of minutes, unique flows as rows. */
const usual: [Format, number, string][] = [
  ['syslog3164', 1_000_000, ''],
  ['syslog5424', 1_000_000, ''],
  ['nf5', 12_000_000, 'rawFlows: false'],
  ['nf9', 9_600_000, 'rawFlows: false'],
  ['nf5-unique', 1_500_000, ''],
];
const asked = values.format.split(',').filter((name) => name !== '').map((name): [Format, number, string] => {
  const format = formats.find((known) => known === name);
  if (!format) throw new Error(`--format is of ${formats.join(', ')}, not ${name}`);
  return [format, Number(values.records), values.config];
});

for (const [format, records, config] of asked.length > 0 ? asked : usual) {
  const runs = [];
  for (let run = 0; run < Number(values.repeat); run++) runs.push(await measure(format, records, config));
  console.log(JSON.stringify(runs.toSorted((one, other) => one.recordsPerSecond - other.recordsPerSecond)[runs.length >> 1]));
}

/** Fills INGEST while nobody is active, opens the gate, and looks how long everything takes. */
async function measure(format: Format, records: number, config: string) {
  const rig = await CollectorRig.start(database);
  try {
    const flags = values.flags.split(' ').filter((flag) => flag !== '');
    const process = await rig.collector(`${ingest}${config.replace(/^/gm, '  ')}`, [...serviceFlags, ...flags]);
    await eventually(() => rig.status(process)?.health === 'ok', 20_000, 'a collector that is well');
    const datagrams = Math.ceil(records / recordsOf[format]);
    const sent = datagrams * recordsOf[format];
    const stream = rig.reader.ingest();
    let waiting: Promise<void>[] = [];
    let frames = 0;
    await rig.claim();
    for (const frame of framesOf(format, datagrams, laterThanTheTenure)) {
      waiting.push(stream.append(frame, `bench-${frames++}`));
      if (waiting.length >= 32) await Promise.all(waiting.splice(0));
    }
    await Promise.all(waiting);
    waiting = [];
    inFrontOn(receiverCore, process.pid());
    const postmaster = rig.postgres.pid();
    for (const pid of [globalThis.process.pid, rig.nats.pid(), postmaster, ...childrenOf(postmaster)]) inFrontOn(senderCore, pid);
    const stored = () => Number(Object.entries((rig.status(process)?.detail['stored'] ?? {}) as Record<string, number>)
      .filter(([kind]) => kind !== 'malformed').reduce((sum, [, count]) => sum + count, 0));
    const before = spent(rig, process.pid());
    const beganMs = performance.now();
    rig.grant();
    // The status tells only once a second; what counts is the time of the last commit in the store.
    const known = new Set(treeOf(postmaster));
    let looks = 0;
    const look = () => {
      // A connection that is opened now is a process of its own.
      if (looks++ % 20 === 0) for (const pid of treeOf(postmaster).filter((one) => !known.has(one))) {
        known.add(pid);
        inFrontOn(senderCore, pid);
      }
      return stored() >= sent;
    };
    await eventually(look, 300_000, `${sent} records stored`).catch((error: unknown) => {
      throw new Error(`${String(error)}; ${stored()} of ${sent}; ${process.output().slice(-1500)}`);
    });
    const [row] = await rig.postgres.sql(`select extract(epoch from max(stored_at)) * 1000 as last, extract(epoch from min(stored_at)) * 1000 as first from hotstandby.delivery_ledger`);

    const wallOffsetMs = Date.now() - performance.now();
    const seconds = (Number(row?.['last']) - (beganMs + wallOffsetMs)) / 1000;
    const after = spent(rig, process.pid());
    const perRecord = (name: keyof typeof after) => round((1e6 * (after[name] - before[name])) / sent, 2);
    return {
      format,
      config,
      records: sent,
      seconds: round(seconds, 2),
      recordsPerSecond: Math.round(sent / seconds),
      collectorMicrosPerRecord: perRecord('collector'),
      postgresMicrosPerRecord: perRecord('postgres'),
      natsMicrosPerRecord: perRecord('nats'),
      collectorMebibytes: mebibytesOf(process.pid()),
      load: round(loadavg()[0] ?? 0, 1),
    };
  } finally {
    await rig.stop();
  }
}

/** What a take-over settles is stored one batch after the other; this is the time after that. */
function laterThanTheTenure(): number {
  return Date.now() + 60_000;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Processor time so far, in seconds. */
function spent(rig: CollectorRig, collector: number) {
  const postmaster = rig.postgres.pid();
  const postgres = [postmaster, ...childrenOf(postmaster)].reduce((sum, pid) => sum + processorSeconds(pid), 0);
  return { collector: processorSeconds(collector), postgres, nats: processorSeconds(rig.nats.pid()) };
}

/** Of all its threads, by the scheduler's nanosecond counters. */
function processorSeconds(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce(
      (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9,
      0,
    );
  } catch {
    return 0;
  }
}

/** Resident at the most since it started, whatever of that is free again. */
function mebibytesOf(pid: number): number {
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}
