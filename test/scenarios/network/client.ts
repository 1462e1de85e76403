// What a client on the same switch sees: it sends numbered telemetry to the virtual IP, and asks all the time who has it.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ports } from '../../../tools/pair/src/layout.ts';
import { monotonicMs } from '../grant-watch.ts';
import type { Sent } from './records.ts';
import type { Answer } from './virtual-address.ts';
import { root } from '../../parts/clone.ts';
import { environment, type NetworkPair } from './pair.ts';
import { inside } from './programs.ts';

export class ClientView {
  readonly run = `${process.pid}-${Math.floor(Math.random() * 2 ** 31)}`;
  readonly #answersFile: string;
  readonly #sentFile: string;
  readonly #children: ChildProcess[] = [];

  constructor({ lan, folder }: NetworkPair) {
    this.#answersFile = join(folder, 'arp-answers');
    this.#sentFile = join(folder, 'telemetry-sent');
    const arp = join(root, 'test', 'bench', 'failover', 'lib', 'neighbour_tool.py');
    const sender = join(import.meta.dirname, 'telemetry-sender.ts');
    const start = (...[program = '', ...args]: string[]) =>
      this.#children.push(spawn(program, args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] }));
    const client = inside(lan.namespace('client'));
    start(...client, 'python3', arp, 'poll', lan.vip, 'eth0', lan.address('client'), this.#answersFile);
    start(...client, process.execPath, sender, lan.vip, `${ports.syslog}`, this.run, this.#sentFile);
  }

  /** Every answer to "who has the virtual IP?", asked every 10 ms. */
  answers(): Answer[] {
    return answersIn(linesOf(textOf(this.#answersFile)));
  }

  sent(): Sent[] {
    return linesOf(textOf(this.#sentFile)).map(([sequence, atMs]) => ({
      sequence: Number(sequence),
      atMs: Number(atMs),
    }));
  }

  /** Who answered in the last half of a second. */
  recentOwners(): string[] {
    const sinceMs = monotonicMs() - 500;
    // A line has 33 characters at most, and there are 50 in that time.
    const recent = answersIn(linesOf(tailOf(this.#answersFile, 4096)).slice(1));
    return [...new Set(recent.flatMap(({ atMs, mac }) => (atMs > sinceMs ? [mac] : [])))];
  }

  stopSending(): void {
    this.#children[1]?.kill('SIGTERM');
  }

  close(): void {
    for (const child of this.#children.splice(0)) child.kill('SIGTERM');
  }
}

const answersIn = (lines: string[][]): Answer[] => lines.map(([atNs, mac = '']) => ({ atMs: Number(atNs) / 1e6, mac }));

const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'latin1') : '');

function tailOf(file: string, bytes: number): string {
  if (!existsSync(file)) return '';
  const open = openSync(file, 'r');
  try {
    const from = Math.max(0, fstatSync(open).size - bytes);
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('latin1', 0, readSync(open, buffer, 0, bytes, from));
  } finally {
    closeSync(open);
  }
}

/** The words of whole lines only: the last one may be on its way. */
function linesOf(text: string): string[][] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
}
