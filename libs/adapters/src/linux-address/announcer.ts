import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { Logger } from '@hotstandby/ports';
import { neighbourOf } from './neighbour.ts';
import { ReadyProgram } from './ready-program.ts';
import { findTool, startFault } from './tools.ts';

const gratuitous = ['-q', '-U', '-c', '1', '-w', '1'];
/** Each waits for interface and address, and becomes the program. Constant: nothing of the line is read as a command. */
const waiting = {
  arping: `read -r name address && exec "$0" ${gratuitous.join(' ')} -I "$name" "$address"`,
  ndptool: `read -r name address && exec "$0" -t na -U -i "$name" -T "$address" send`,
};

/**
 * Tells the neighbours where an address is now: gratuitous ARP for IPv4 (`arping -U`, which sends at once and takes a
 * second to end, so nobody waits for it), unsolicited neighbour advertisements for IPv6.
 */
export class Announcer {
  readonly #log: Logger;
  readonly #running = new Map<ChildProcess, string>();
  #fault: string | null = null;
  readonly #ready = new Map<string, ReadyProgram>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Looks for the tools before they are needed. */
  async check(addresses: string[]): Promise<void> {
    const needsArping = addresses.some((cidr) => !cidr.includes(':'));
    const arping = needsArping ? await findTool('arping') : null;
    this.#fault = needsArping && !arping ? 'arping (iputils-arping) is not found' : null;
    if (arping) this.#wait('arping', arping);
    const ndptool = addresses.some((cidr) => cidr.includes(':')) ? await findTool('ndptool') : null;
    if (ndptool) this.#wait('ndptool', ndptool);
  }

  async announce(name: string, address: string): Promise<void> {
    const ipv6 = address.includes(':');
    const tool = ipv6 ? 'ndptool' : 'arping';
    const child = this.#ready.get(tool)?.take([name, address]);
    if (child) return this.#follow(child, tool, address);
    const path = await findTool(tool);
    if (!path) {
      // The kernel advertises an IPv6 address by itself when it is added.
      if (!ipv6) this.#fault = 'arping (iputils-arping) is not found';
      return;
    }
    const args = ipv6 ? ['-t', 'na', '-U', '-i', name, '-T', address, 'send'] : [...gratuitous, '-I', name, address];
    this.#start(path, args, address);
  }

  /** IPv6: lets the kernel itself advertise an address that is added from now on. It does so at once and only then. */
  async prepare(name: string): Promise<void> {
    // Read-only in some containers: ndptool does it alone then.
    await writeFile(`/proc/sys/net/ipv6/conf/${name}/ndisc_notify`, '1').catch(() => {});
  }

  /**
   * The MAC of another machine that answers for an address; null: nobody did within a second, or it cannot be asked. IPv4 by
   * a probe (RFC 5227 section 2.1.1). IPv6 only while this host has not the address: by resolving it as for a packet.
   */
  async otherOwner(name: string, address: string): Promise<string | null> {
    if (address.includes(':')) return neighbourOf(name, address);
    const arping = await findTool('arping');
    if (!arping) return null;
    const child = spawn(arping, ['-D', '-c', '1', '-w', '1', '-I', name, address], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
    });
    this.#running.set(child, address);
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (stdout.length < 2000) stdout += chunk.toString();
    });
    await new Promise((resolve) => child.once('error', resolve).once('close', resolve));
    this.#running.delete(child);
    return /reply from \S+ \[([0-9A-Fa-f:]+)\]/.exec(stdout)?.[1] ?? null;
  }

  fault(): string | null {
    return this.#fault;
  }

  /** Ends what still announces `address`; all when it is not given. */
  stop(address?: string): void {
    for (const [child, announced] of this.#running) {
      if (address === undefined || announced === address) child.kill('SIGKILL');
    }
  }

  async close(): Promise<void> {
    for (const ready of this.#ready.values()) ready.close();
    const ends = [...this.#running.keys()].map((child) => new Promise((resolve) => child.once('close', resolve)));
    this.stop();
    await Promise.all(ends);
  }

  #wait(tool: keyof typeof waiting, path: string): void {
    if (!this.#ready.has(tool)) this.#ready.set(tool, new ReadyProgram(['/bin/sh', '-c', waiting[tool], path]));
  }

  #start(path: string, args: string[], address: string): void {
    try {
      this.#follow(spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C' } }), path, address);
    } catch (error) {
      this.#fault = `${path}: ${startFault(error)}`;
    }
  }

  #follow(child: ChildProcess, path: string, address: string): void {
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 500) stderr += chunk.toString();
    });
    this.#running.set(child, address);
    child.once('error', (error) => (stderr += error.message));
    child.once('close', (code, signal) => {
      this.#running.delete(child);
      if (signal) return;
      // Without an answer, which nobody owes to an announcement, arping ends with 0 (-U) all the same.
      const fault = code === 0 ? null : stderr.trim() || `${path} ended with ${code}`;
      if (fault && fault !== this.#fault) this.#log.warn('an address could not be announced', { address, fault });
      this.#fault = fault;
    });
  }
}
