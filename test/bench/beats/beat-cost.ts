// What the lease costs while nothing happens: transactions a second in the store, and processor time of each service of
// both nodes. `npm run bench:beats -- --profile fast --for 30`; without telemetry, on a machine that does nothing else.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { childrenOf } from '../../parts/process-children.ts';
import { nodeNames, RunningPair } from '../../scenarios/running-pair.ts';

const usage = 'npm run bench:beats -- [--profile fast|standard] [--for SECONDS]';
const options = {
  profile: { type: 'string', default: 'fast' },
  for: { type: 'string', default: '30' },
  help: { type: 'boolean', default: false },
} as const;
const { values } = parseArgs({ options });
const profile = values.profile === 'fast' || values.profile === 'standard' ? values.profile : null;
const seconds = Number(values.for);
if (values.help || !profile || !Number.isInteger(seconds) || seconds < 1) {
  console.log(usage);
  process.exit(values.help ? 0 : 64);
}

const parts = ['nats-server', 'heartbeat', 'arbiter', 'network-binding', 'collector', 'file-sync', 'notifier', 'console'] as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const pair = await RunningPair.start(profile);
try {
  await pause(5000);
  const before = await look(pair);
  await pause(seconds * 1000);
  const after = await look(pair);
  const spanMs = after.atMs - before.atMs;
  const share = (name: string) => (100 * ((after.processorMs[name] ?? 0) - (before.processorMs[name] ?? 0))) / spanMs;
  console.log(`profile ${profile}, ${(spanMs / 1000).toFixed(1)} s, load ${loadavg()[0]?.toFixed(1)}`);
  console.log(`store: ${((1000 * (after.transactions - before.transactions)) / spanMs).toFixed(1)} transactions/s`);
  for (const name of Object.keys(before.processorMs)) console.log(`${name.padEnd(18)} ${share(name).toFixed(2)} % of a core`);
} finally {
  await pair.stop();
}

async function look(at: RunningPair): Promise<{ atMs: number; transactions: number; processorMs: Record<string, number> }> {
  const [row] = await at.sql<{ n: string }>(
    'select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()',
  );
  const postmaster = at.storePid();
  const processorMs = Object.fromEntries([
    ...nodeNames.flatMap((node) => parts.map((part) => [`${node}/${part}`, processorMsOf(at.pidOf(node, part))])),
    ['store', processorMsOf(postmaster) + childrenOf(postmaster).reduce((sum, pid) => sum + processorMsOf(pid), 0)],
  ]);
  return { atMs: performance.now(), transactions: Number(row?.n), processorMs };
}

/** User and system time so far, with that of children that have ended (`/proc/PID/stat`, 100 ticks a second). */
function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * 10;
}
