import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB, socketsOn, treeOf } from './machine.ts';
import type { Bench } from './probe.ts';
import type { Format, Place, ReceiverEntry } from './receiver-entry.ts';

/** Keeps a receiver at one rate and looks at its memory every second: whether it is flat. */
export async function steady(bench: Bench, entry: ReceiverEntry, format: Format, rate: number, seconds: number): Promise<void> {
  const place: Place = { dir: `${bench.folder}/steady`, port: 15_999, format };
  mkdirSync(place.dir, { recursive: true });
  const beside = await entry.beside?.(place);
  const { argv, env, cwd } = entry.command(place);
  const [program = '', ...args] = [...bench.front, 'taskset', '-c', '0', ...argv];
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore', cwd: cwd ?? place.dir });
  const gone = new Promise((resolve) => child.once('close', resolve));
  try {
    for (let tries = 0; tries < 500 && socketsOn(place.port).found === 0; tries += 1) await sleep(40);
    await sleep(1500);
    const memory: number[] = [];
    let sentDatagrams = 0;
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      const blastArgs = ['taskset', '-c', '1', bench.blast, '-f', format, '-p', String(place.port), '-r', String(rate), '-t', '10', '-g'];
      const [first = '', ...rest] = [...bench.front, ...blastArgs];
      const sender = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      sender.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const sent = new Promise((resolve) => sender.once('close', resolve));
      while (sender.exitCode === null) {
        await Promise.race([sleep(1000), sent]);
        memory.push(residentMiB(treeOf(child.pid ?? 0)));
      }
      await sent;
      sentDatagrams += (JSON.parse(said) as { sent: number }).sent;
    }
    await sleep(1000);
    const stored = (await entry.storedNow?.(place)) ?? NaN;
    const part = (from: number, to: number) => memory.slice(Math.floor(memory.length * from), Math.ceil(memory.length * to));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
    console.log(
      `\nmemory of ${entry.name} at ${rate.toLocaleString('en')} datagrams/s (${format}) for ${seconds} s: at most ${Math.max(...memory).toFixed(0)} MiB; ` +
        `mean of the second quarter ${mean(part(0.25, 0.5)).toFixed(0)}, of the last ${mean(part(0.75, 1)).toFixed(0)} MiB; ` +
        `stored ${stored.toLocaleString('en')} of ${sentDatagrams.toLocaleString('en')} (bar: 250 MiB, flat)`,
    );
  } finally {
    child.kill('SIGTERM');
    await Promise.race([gone, sleep(5000)]);
    child.kill('SIGKILL');
    await beside?.stop();
  }
}
