// A small network of namespaces: two hosts and a client on one bridge. Everything in it is gone with `close`.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openKernelSocket } from '@hotstandby/adapters/nft-gate';
import type { FromProcess, ToProcess } from './binding-process.ts';
import { endChild } from '../parts/end-child.ts';

const run = promisify(execFile);
const environment = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** Runs a program to its end; its output. Throws with its stderr. */
export async function sh(...[program = '', ...args]: string[]): Promise<string> {
  const { stdout } = await run(program, args, { env: environment, timeout: 10_000 });
  return stdout;
}

/** Why network namespaces cannot be used here; null: they can. */
export function missing(): string | null {
  try {
    if (process.getuid?.() !== 0) return 'needs root: it makes network namespaces';
    for (const tool of ['ip', 'nft', 'arping', 'nsenter', 'bash']) {
      execFileSync('sh', ['-c', `command -v ${tool}`], { env: environment, stdio: 'ignore' });
    }
    const name = `hs-probe-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name], { env: environment, stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { env: environment, stdio: 'pipe' });
    return null;
  } catch (error) {
    return `needs ip, nft, arping, nsenter, bash and network namespaces: ${String(error).split('\n')[0]}`;
  }
}

/** By which means the kernel can be told of a grant here; why not by netlink is printed. */
export function gateMeans(): ('netlink' | 'nft')[] {
  const socket = openKernelSocket();
  if (typeof socket === 'string') {
    console.log(`skipped: the kernel’s gate by netlink: ${socket}`);
    return ['nft'];
  }
  socket.close();
  return ['netlink', 'nft'];
}

/**
 * Looks until there is something to see. On a quiet machine that takes milliseconds; a busy one is given time, but where the
 * time is what is tested: what goes has to go before the kernel would take it anyway.
 */
export async function until<T>(what: string, look: () => T | Promise<T>, limitMs = 30_000): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(5);
  }
}

/** Long enough that a busy machine does not let it lapse by itself. */
export const grantMs = 800;
export const vip = '192.0.2.100';
export const vip6 = '2001:db8::100';

export class Lan {
  readonly #prefix = `hs${process.pid}`;
  readonly #namespaces: string[] = [];
  readonly #processes = new Set<Binding>();

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  async open(): Promise<void> {
    for (const host of ['sw', 'a', 'b', 'c']) {
      await sh('ip', 'netns', 'add', this.namespace(host));
      this.#namespaces.push(this.namespace(host));
      await this.ip(host, 'link', 'set', 'lo', 'up');
    }
    await this.ip('sw', 'link', 'add', 'br0', 'type', 'bridge');
    await this.ip('sw', 'link', 'set', 'br0', 'up');
    await this.inside('sw', 'sh', '-c', 'echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || true');
    for (const [index, host] of ['a', 'b', 'c'].entries()) {
      await this.connect(host, 'eth0', `192.0.2.1${index + 1}`);
      await this.ip(host, '-6', 'address', 'add', `2001:db8::1${index + 1}/64`, 'dev', 'eth0', 'nodad');
    }
  }

  /** A new cable from the host to the bridge. */
  async connect(host: string, name: string, address: string): Promise<void> {
    const peer = ['peer', 'name', `p${host}`, 'netns', this.namespace('sw')];
    await this.ip(host, 'link', 'add', name, 'type', 'veth', ...peer);
    await this.ip('sw', 'link', 'set', `p${host}`, 'master', 'br0', 'up');
    await this.ip(host, 'link', 'set', name, 'up');
    await this.ip(host, 'address', 'add', `${address}/24`, 'dev', name);
  }

  ip(host: string, ...args: string[]): Promise<string> {
    return sh('ip', '-n', this.namespace(host), ...args);
  }

  inside(host: string, ...command: string[]): Promise<string> {
    return sh('nsenter', `--net=/run/netns/${this.namespace(host)}`, ...command);
  }

  async has(host: string, address = vip): Promise<boolean> {
    return (await this.ip(host, '-o', 'address', 'show')).includes(` ${address}/`);
  }

  async mac(host: string): Promise<string> {
    return (await this.ip(host, '-o', 'link', 'show', 'eth0')).match(/link\/ether (\S+)/)?.[1] ?? '';
  }

  /** The MAC that the client holds for the address, without asking anybody. */
  async neighbour(address = vip): Promise<string> {
    return (await this.ip('c', 'neigh', 'show', address)).match(/lladdr (\S+)/)?.[1] ?? '';
  }

  /** Whether anybody answers the client's question who has the IPv4 address. */
  async answers(address = vip): Promise<boolean> {
    return this.inside('c', 'arping', '-q', '-f', '-c', '2', '-w', '1', '-I', 'eth0', address).then(
      () => true,
      () => false,
    );
  }

  /** Whether the client gets an answer: a refused connection to a closed port is one. */
  async reaches(address = vip): Promise<boolean> {
    const script = `exec timeout 1 bash -c 'echo >/dev/tcp/${address}/9'`;
    return this.inside('c', 'bash', '-c', script).then(
      () => true,
      (error: unknown) => String((error as { stderr?: unknown }).stderr).includes('Connection refused'),
    );
  }

  async start(host: string, addresses = [`${vip}/24`], wrap: string[] = []): Promise<Binding> {
    const binding = new Binding(this.namespace(host), host, addresses, wrap);
    this.#processes.add(binding);
    await until('the process is up', () => binding.said.some((message) => 'started' in message));
    return binding;
  }

  async close(): Promise<void> {
    for (const one of this.#processes) await one.kill();
    for (const name of this.#namespaces) await sh('ip', 'netns', 'del', name);
  }
}

/** One network-binding process. */
export class Binding {
  readonly said: FromProcess[] = [];
  readonly #child: ChildProcess;
  #renewing: NodeJS.Timeout | undefined;

  constructor(namespace: string, host: string, addresses: string[], wrap: string[]) {
    const script = fileURLToPath(new URL('binding-process.ts', import.meta.url));
    const node = [process.execPath, '--conditions=@hotstandby/source', script, host, ...addresses];
    this.#child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...wrap, ...node], {
      env: { ...environment, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromProcess) => this.said.push(message));
  }

  send(message: ToProcess): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  activate(epoch: number): void {
    clearInterval(this.#renewing);
    const grant = () => this.send({ do: 'grant', epoch, forMs: grantMs });
    grant();
    this.#renewing = setInterval(grant, grantMs / 8);
  }

  /** The arbiter falls silent. */
  silence(): void {
    clearInterval(this.#renewing);
  }

  revoke(): void {
    this.silence();
    this.send({ do: 'grant', epoch: null, forMs: 0 });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  events(): string[] {
    return this.said.flatMap((message) => ('event' in message ? [message.event] : []));
  }

  async report(): Promise<{ health: string; summary: string; detail: Record<string, unknown> }> {
    const before = this.said.length;
    this.send({ do: 'report' });
    const answer = await until('a report', () => this.said.slice(before).find((message) => 'report' in message));
    return 'report' in answer ? answer.report : { health: '', summary: '', detail: {} };
  }

  async kill(): Promise<void> {
    this.silence();
    await endChild(this.#child);
  }
}
