import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CollectorRig } from '../../collector/rig.ts';
import { childrenOf } from '../../parts/process-children.ts';
import { inFrontOn, receiverCore, residentMiB, senderCore, socketsOn, treeOf } from './machine.ts';
import type { Bench } from './probe.ts';
import type { Format, Place, ReceiverEntry } from './receiver-entry.ts';

/** A receiver that runs, and what it is fed with. */
interface Fed {
  name: string;
  pid: number;
  port: number;
  format: Format;
  /** Datagrams a second. */
  rate: number;
}

const memoryBarMiB = 250;

/** A standby: keeps a receiver at one rate and looks at its memory every second, whether it is flat. */
export async function steadyReceiver(bench: Bench, entry: ReceiverEntry, format: Format, rate: number, seconds: number): Promise<void> {
  const place: Place = { dir: `${bench.folder}/steady`, port: 15_999, format };
  mkdirSync(place.dir, { recursive: true });
  const beside = await entry.beside?.(place);
  const { argv, env, cwd } = entry.command(place);
  const [program = '', ...args] = [...bench.front, 'taskset', '-c', '0', ...argv];
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore', cwd: cwd ?? place.dir });
  const gone = new Promise((resolve) => child.once('close', resolve));
  try {
    const sent = await feed(bench, { name: entry.name, pid: child.pid ?? 0, port: place.port, format, rate }, seconds);
    await sleep(1000);
    console.log(`in INGEST ${((await entry.storedNow?.(place)) ?? NaN).toLocaleString('en')} of ${sent.toLocaleString('en')} datagrams`);
  } finally {
    child.kill('SIGTERM');
    await Promise.race([gone, sleep(5000)]);
    child.kill('SIGKILL');
    await beside?.stop();
  }
}

/**
 * The active: received, appended to INGEST, read from there, summed by minute and stored. What comes faster than it is stored
 * waits in INGEST, which is on disk and bounded.
 */
export async function steadyActive(bench: Bench, rate: number, seconds: number): Promise<void> {
  const rig = await CollectorRig.start();
  try {
    const collector = await rig.readyCollector('  listenAddress: 127.0.0.1\n  rawFlows: false\n');
    inFrontOn(receiverCore, collector.pid());
    // This process plays the arbiter: without its grants nothing is delivered.
    for (const pid of [process.pid, rig.nats.pid(), rig.postgres.pid(), ...childrenOf(rig.postgres.pid())]) inFrontOn(senderCore, pid);
    await rig.claim();
    rig.grant();
    const fed: Fed = { name: 'hotstandby, into PostgreSQL', pid: collector.pid(), port: rig.ports.flow, format: 'nf5', rate };
    const sent = await feed(bench, fed, seconds);
    const { stored, dropped, kernelDrops, backlogMessages } = (rig.status(collector)?.detail ?? {}) as Record<string, unknown>;
    console.log(`sent ${(sent * 30).toLocaleString('en')} flows; ${JSON.stringify({ stored, dropped, kernelDrops, backlogMessages })}`);
  } finally {
    await rig.stop();
  }
}

/** Sends for so long, and prints the memory of every minute. Returns how many datagrams were sent. */
async function feed(bench: Bench, { name, pid, port, format, rate }: Fed, seconds: number): Promise<number> {
  for (let tries = 0; tries < 500 && socketsOn(port).found === 0; tries += 1) await sleep(40);
  await sleep(1500);
  console.log(`\nmemory of ${name} at ${rate.toLocaleString('en')} datagrams/s (${format}) for ${seconds} s, MiB (bar: ${memoryBarMiB}, flat):`);
  const memory: number[] = [];
  const beganMs = performance.now();
  const told = { minutes: 0, from: 0 };
  let sentDatagrams = 0;
  while (performance.now() - beganMs < seconds * 1000) {
    const blastArgs = ['taskset', '-c', '1', bench.blast, '-f', format, '-p', String(port), '-r', String(rate), '-t', '10', '-g', '-s', '1000'];
    const [first = '', ...rest] = [...bench.front, ...blastArgs];
    const sender = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    sender.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const sent = new Promise((resolve) => sender.once('close', resolve));
    while (sender.exitCode === null) {
      await Promise.race([sleep(1000), sent]);
      memory.push(residentMiB(treeOf(pid)));
    }
    await sent;
    sentDatagrams += (JSON.parse(said) as { sent: number }).sent;
    const minutes = Math.floor((performance.now() - beganMs) / 60_000);
    if (minutes === told.minutes) continue;
    const since = memory.slice(told.from);
    console.log(`  minute ${minutes}: mean ${mean(since).toFixed(0)}, at most ${Math.max(...since).toFixed(0)}; load ${(loadavg()[0] ?? 0).toFixed(1)}`);
    Object.assign(told, { minutes, from: memory.length });
  }
  const part = (from: number, to: number) => memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to));
  console.log(
    `  at most ${Math.max(...memory).toFixed(0)} MiB; mean of the second quarter ${mean(part(0.25, 0.5)).toFixed(0)}, of the last ${mean(part(0.75, 1)).toFixed(0)} MiB`,
  );
  return sentDatagrams;
}

const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
