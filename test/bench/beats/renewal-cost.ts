// What a renewal of the kernel's grant costs, told by netlink and through nft, in one run, in turns: processor time of this
// process and of nft's, and how long the answer takes. In a network namespace of its own, for which it needs root (or a
// kernel that gives namespaces to users). `npm run bench:renewal -- --renewals 500 --every 40`
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { NftGate, openKernelSocket } from '@hotstandby/adapters/nft-gate';
import { systemClock } from '@hotstandby/adapters/system';

const usage = 'npm run bench:renewal -- [--renewals N] [--every MS] [--addresses 192.0.2.100,2001:db8::100]';
const options = {
  renewals: { type: 'string', default: '500' },
  every: { type: 'string', default: '40' },
  addresses: { type: 'string', default: '192.0.2.100' },
  help: { type: 'boolean', default: false },
} as const;
const { values } = parseArgs({ options });
const renewals = Number(values.renewals);
const everyMs = Number(values.every);
const addresses = values.addresses.split(',');
if (values.help || !(renewals >= 10) || !(everyMs >= 0)) {
  console.log(usage);
  process.exit(values.help ? 0 : 64);
}

const inside = 'HOTSTANDBY_BENCH_INSIDE';
if (!process.env[inside]) {
  const apart = process.getuid?.() === 0 ? ['-n'] : ['-Urn'];
  const env = { ...process.env, [inside]: '1', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  const again = [...apart, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.exit(spawnSync('unshare', again, { stdio: 'inherit', env }).status ?? 1);
}

type Means = 'netlink' | 'nft' | 'nothing';
interface Sum {
  processorMs: number;
  renewals: number;
  tookMs: number[];
  openMs: number[];
}

const turns = 5;
const grantMs = 30_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const socket = openKernelSocket();
if (typeof socket === 'string') throw new Error(`no netlink: ${socket}`);
const place = (node: string) => ({ cluster: 'bench', node });
const gates: [Means, NftGate | null][] = [
  ['netlink', new NftGate({ place: place('netlink'), clock: systemClock, socket })],
  ['nft', new NftGate({ place: place('nft'), clock: systemClock })],
  // What the loop costs by itself.
  ['nothing', null],
];
const sums = new Map<Means, Sum>(
  gates.map(([means]) => [means, { processorMs: 0, renewals: 0, tookMs: [], openMs: [] }]),
);
for (const [, gate] of gates) {
  const lacking = await gate?.unable();
  if (lacking) throw new Error(lacking.message);
  await gate?.establish(addresses);
}
for (let turn = 0; turn < turns; turn++) for (const [means, gate] of gates) await measure(sumOf(means), gate);

const nothing = sumOf('nothing').processorMs / sumOf('nothing').renewals;
const kernel = execFileSync('uname', ['-r']).toString().trim();
console.log(`${addresses.join(', ')}; ${renewals} renewals each, one every ${everyMs} ms; Linux ${kernel}, load ${loadavg()[0]?.toFixed(1)}`);
for (const means of ['netlink', 'nft'] as const) {
  const { processorMs, renewals: count, tookMs, openMs } = sumOf(means);
  const costMs = processorMs / count - nothing;
  console.log(
    `${means.padEnd(8)} processor ${costMs.toFixed(3)} ms a renewal; answer after ${quantiles(tookMs)}; opening ${quantiles(openMs)}`,
  );
}
const cost = (means: Means) => sumOf(means).processorMs / sumOf(means).renewals - nothing;
console.log(`ratio    ${(cost('nft') / cost('netlink')).toFixed(1)}; the loop alone ${nothing.toFixed(3)} ms, taken off from both`);
for (const [, gate] of gates) await gate?.close();

async function measure(sum: Sum, gate: NftGate | null): Promise<void> {
  const nft = gate?.pid() ?? null;
  // The first of a turn finds a cold cache.
  for (let warm = 0; warm < 3; warm++) await gate?.open(systemClock.monotonicMs() + grantMs);
  const before = processorMs(nft);
  for (let beat = 0; beat < renewals / turns; beat++) {
    await pause(everyMs);
    const startMs = performance.now();
    const answer = await gate?.renew(systemClock.monotonicMs() + grantMs);
    sum.tookMs.push(performance.now() - startMs);
    sum.renewals++;
    if (gate && answer !== 'done') throw new Error(`a renewal was ${answer}`);
  }
  sum.processorMs += processorMs(nft) - before;
  for (let time = 0; time < 10; time++) {
    await pause(everyMs);
    const startMs = performance.now();
    await gate?.open(systemClock.monotonicMs() + grantMs);
    sum.openMs.push(performance.now() - startMs);
  }
}

function sumOf(means: Means): Sum {
  const sum = sums.get(means);
  if (!sum) throw new Error(means);
  return sum;
}

/** Of this process and of another one (`/proc/PID/schedstat` counts nanoseconds). */
function processorMs(pid: number | null): number {
  const { user, system } = process.cpuUsage();
  const file = `/proc/${pid}/schedstat`;
  const other = pid !== null && existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : 0;
  return (user + system) / 1000 + other;
}

function quantiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(3);
  return `${at(0.5)} ms (99 %: ${at(0.99)})`;
}
