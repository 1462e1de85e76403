// One run of one receiver at one rate, and the search for the highest rate without loss.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { coreBusyMs, processorUs, receiverCore, residentMiB, senderCore, socketsOn, treeOf } from './machine.ts';
import type { Format, Place, ReceiverEntry } from './receiver-entry.ts';

export interface Probe {
  rate: number;
  /** Datagrams a second that were really sent. */
  sentPerSecond: number;
  recordsPerDatagram: number;
  lossPercent: number;
  kernelDrops: number;
  processorUsPerDatagram: number;
  residentMiB: number;
  /** From the last datagram until it is idle. */
  behindSeconds: number;
  /** Time that others had of the receiver's core, of the run. */
  othersPercent: number;
}

export interface Bench {
  blast: string;
  /** `nice -n -19` where it is allowed. */
  front: string[];
  folder: string;
  seconds: number;
  /** Bursts by UDP_SEGMENT: a cheaper sender. */
  bursts: boolean;
}

/** Of the length of a run: whoever queues more than this has not kept up. */
const longestBehindShare = 0.14;
const warmSeconds = 0.7;
const stopPatienceMs = 20_000;

interface Sent {
  sent: number;
  records: number;
  recs_per_datagram: number;
  pps: number;
}

export async function probe(bench: Bench, entry: ReceiverEntry, format: Format, rate: number): Promise<Probe> {
  const place: Place = { dir: `${bench.folder}/run`, port: 15_999, format };
  rmSync(place.dir, { recursive: true, force: true });
  mkdirSync(place.dir, { recursive: true });
  const beside = await entry.beside?.(place);
  const { argv, env, cwd } = entry.command(place);
  const [program = '', ...args] = [...bench.front, 'taskset', '-c', String(receiverCore), ...argv];
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd: cwd ?? place.dir });
  let said = '';
  const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  try {
    const deadline = performance.now() + 20_000;
    while (socketsOn(place.port).found === 0) {
      if (ended(child) || performance.now() > deadline) throw new Error(`${entry.name} did not start: ${said}`);
      await sleep(20);
    }
    await sleep(entry.settleMs ?? 300);
    // What it learns and allocates at first (compilers, files, caches) is not its rate.
    const warm = await blast(bench, place, rate / 2, warmSeconds);
    await sleep(200);
    const dropsBefore = socketsOn(place.port).drops;
    const pid = child.pid ?? 0;
    const processorBefore = processorUs(treeOf(pid));
    const busyBefore = coreBusyMs(receiverCore);
    const beganMs = performance.now();
    const sent = await blast(bench, place, rate, bench.seconds);
    const sentAtMs = performance.now();
    const idleAtMs = await untilIdle(pid, sentAtMs);
    const processor = processorUs(treeOf(pid)) - processorBefore;
    const memory = residentMiB(treeOf(pid));
    const drops = socketsOn(place.port).drops - dropsBefore;
    const storedNow = await entry.storedNow?.(place);
    const others = coreBusyMs(receiverCore) - busyBefore - processor / 1000;
    await stop(child, entry.stopSignal ?? 'SIGTERM');
    const stored = storedNow ?? (await entry.stored(place, said));
    const wanted = entry.countsDatagrams ? sent.sent + warm.sent : sent.records + warm.records;
    return {
      rate,
      sentPerSecond: sent.pps,
      recordsPerDatagram: sent.recs_per_datagram,
      lossPercent: 100 * (1 - stored / wanted),
      kernelDrops: drops,
      processorUsPerDatagram: processor / sent.sent,
      residentMiB: memory,
      behindSeconds: (idleAtMs - sentAtMs) / 1000,
      othersPercent: Math.max(0, (100 * others) / (idleAtMs - beganMs)),
    };
  } finally {
    await stop(child, 'SIGKILL');
    await beside?.stop();
    rmSync(place.dir, { recursive: true, force: true });
  }
}

const good = (run: Probe, seconds: number) =>
  Math.abs(run.lossPercent) < 0.1 && run.behindSeconds <= longestBehindShare * seconds && run.sentPerSecond > run.rate * 0.95;

/** The highest rate without loss that `tries` runs find, from a guess; null: none was. */
export async function search(bench: Bench, entry: ReceiverEntry, format: Format, guess: number, tries: number): Promise<Probe | null> {
  let best: Probe | null = null;
  let lowestBad = Infinity;
  let rate = guess;
  for (let run = 0; run < tries; run += 1) {
    const seen = await probe(bench, entry, format, Math.round(rate));
    const isGood = good(seen, bench.seconds);
    process.stderr.write(
      `  ${entry.name}, ${format}, ${Math.round(rate)}/s: ${isGood ? 'good' : 'bad '} loss ${seen.lossPercent.toFixed(2)} %, ` +
        `${seen.processorUsPerDatagram.toFixed(2)} µs, behind ${seen.behindSeconds.toFixed(1)} s, ${seen.residentMiB.toFixed(0)} MiB, ` +
        `others ${seen.othersPercent.toFixed(0)} %, sent ${Math.round(seen.sentPerSecond)}/s\n`,
    );
    if (isGood && (!best || rate > best.rate)) best = seen;
    if (!isGood) lowestBad = Math.min(lowestBad, rate);
    if (best && lowestBad / best.rate < 1.06) break;
    // What it stored while it had too much is close to what it can do.
    const held = seen.sentPerSecond * (1 - Math.max(0, seen.lossPercent) / 100);
    if (best) rate = lowestBad === Infinity ? best.rate * 1.25 : (best.rate + lowestBad) / 2;
    else rate = Math.max(rate * 0.5, Math.min(rate * 0.85, held * 0.92));
  }
  return best;
}

async function blast(bench: Bench, { port, format }: Place, rate: number, seconds: number): Promise<Sent> {
  const args = ['-f', format, '-p', String(port), '-r', String(rate), '-t', String(seconds), ...(bench.bursts ? ['-g'] : [])];
  const [program = '', ...before] = [...bench.front, 'taskset', '-c', String(senderCore), bench.blast];
  const child = spawn(program, [...before, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(said) as Sent;
}

/** When it last did anything to speak of. */
async function untilIdle(pid: number, fromMs: number): Promise<number> {
  let last = processorUs(treeOf(pid));
  let idleAtMs = fromMs;
  for (let quiet = 0; quiet < 3 && performance.now() - fromMs < 10_000; ) {
    await sleep(100);
    const now = processorUs(treeOf(pid));
    if (now - last > 12_000) {
      quiet = 0;
      idleAtMs = performance.now();
    } else quiet += 1;
    last = now;
  }
  return idleAtMs;
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (ended(child)) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  const pids = treeOf(child.pid ?? 0).slice(1);
  child.kill(signal);
  await Promise.race([gone, sleep(signal === 'SIGKILL' ? 2000 : stopPatienceMs, undefined, { ref: false })]);
  if (signal !== 'SIGKILL') return;
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with its parent.
    }
  }
}
