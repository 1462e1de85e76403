import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parse, stringify } from 'yaml';
import { type PairStatus, pairStatus, type ServiceName, serviceNames } from '@hotstandby/contracts';
import { profiles } from '@hotstandby/config';
import { EarlyEnds } from '../parts/early-ends.ts';
import { eventually, Hopeless } from '../parts/eventually.ts';
import { childrenOf } from '../parts/process-children.ts';
import { GrantWatch } from './grant-watch.ts';
import { pidsWith, signal } from './processes.ts';

const root = join(import.meta.dirname, '..', '..');
const node = join(root, 'node_modules', '.bin', 'node');
export const cluster = 'demo';
export const nodeNames = ['a', 'b'] as const;
export type NodeName = (typeof nodeNames)[number];
export const peerOf = (name: NodeName): NodeName => (name === 'a' ? 'b' : 'a');
export const telemetryPorts = { syslog: 5514, trap: 1162, netflow: 2055, ipfix: 4739 } as const;
const storePort = 15_432;

/** First three numbers of loopback addresses that nobody else is likely to use at this moment. */
export function ownNetwork(): string {
  const number = () => 64 + Math.floor(Math.random() * 180);
  return `127.${number()}.${number()}`;
}

/** `npm run ...` would do the same with npm in front. Inherits nothing of the test runner's environment but what a shell has. */
export function pairCommand(args: string[]): {
  program: string;
  args: string[];
  options: { cwd: string; env: NodeJS.ProcessEnv };
} {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR'];
  const env = Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  return { program: node, args: [join(root, 'tools', 'start.mjs'), ...args], options: { cwd: root, env } };
}

/** `npm start`, as a child process: a real pair, its store and its mails, looked at and hurt from outside. */
export class RunningPair {
  readonly net = ownNetwork();
  readonly data = mkdtempSync(join(tmpdir(), 'hotstandby-scenario-'));
  readonly leaseTtlMs: number;
  readonly #launcher: ChildProcess;
  #ended: number | null | undefined;
  #said = '';
  /** Until both were there for the first time; null: later, a test ends parts itself. */
  #early: EarlyEnds | null = new EarlyEnds();

  private constructor(profile: 'fast' | 'standard') {
    this.leaseTtlMs = profiles[profile].leaseTtlMs;
    const { program, args, options } = pairCommand([
      ...['--plain', '--profile', profile, '--net', this.net, '--data', join(this.data, 'pair')],
    ]);
    this.#launcher = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-100_000);
      this.#early?.hear(chunk.toString());
    };
    this.#launcher.stdout?.on('data', hear);
    this.#launcher.stderr?.on('data', hear);
    this.#launcher.once('exit', (code) => (this.#ended = code));
    process.once('exit', this.#lastResort);
  }

  /** Resolves when one node is active and the other is its standby. */
  static async start(profile: 'fast' | 'standard'): Promise<RunningPair> {
    const pair = new RunningPair(profile);
    try {
      await pair.settled(90_000);
      return pair;
    } catch (error) {
      await pair.stop().catch(() => {});
      throw new Error(`the pair did not come up: ${String(error)}\n${pair.#said}`, { cause: error });
    }
  }

  readonly #lastResort = () => void this.#launcher.kill('SIGTERM');

  get output(): string {
    return this.#said;
  }

  address(name: NodeName | 'store'): string {
    return `${this.net}.${{ store: 10, a: 11, b: 12 }[name]}`;
  }

  folder(...path: string[]): string {
    return join(this.data, 'pair', ...path);
  }

  async status(name: NodeName): Promise<PairStatus> {
    const response = await fetch(`http://${this.address(name)}:8080/api/status`, { signal: AbortSignal.timeout(5000) });
    return pairStatus.parse(await response.json());
  }

  /**
   * Waits until both consoles see the same: one node active, the other its standby, ready; every service of both well and
   * heard of after this call began. Returns the active.
   */
  async settled(timeoutMs = 45_000): Promise<NodeName> {
    const sinceMs = performance.now();
    const active = await eventually(
      async () => {
        this.#early?.check();
        if (this.#ended !== undefined) throw new Hopeless(`the launcher ended with ${this.#ended}`);
        const views = await Promise.all(nodeNames.map((name) => this.status(name)));
        const elapsedMs = performance.now() - sinceMs;
        const unwell = views.flatMap((view) => whatIsAmiss(view, elapsedMs));
        if (unwell.length > 0) throw new Error([...new Set(unwell)].join('; '));
        const [one, other] = views.map((view) => view.active?.name);
        if (one !== other) throw new Error(`one console says ${one}, the other ${other}`);
        return one as NodeName;
      },
      timeoutMs,
      'one active and one standby that is ready',
    );
    this.#early = null;
    return active;
  }

  /** Lays a change over a node's configuration and restarts its arbiter with it; resolves when the pair is whole again. */
  async configure(name: NodeName, change: Record<string, unknown>): Promise<void> {
    const file = this.folder(name, 'node.yaml');
    const config = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, stringify({ ...config, ...change }));
    const pid = this.pidOf(name, 'arbiter');
    signal(pid, 'SIGTERM');
    await eventually(() => this.pidOf(name, 'arbiter') !== pid, 20_000, `a new ${name}/arbiter`);
    await this.settled();
  }

  pidOf(name: NodeName, part: ServiceName | 'nats-server'): number {
    const pids =
      part === 'nats-server'
        ? pidsWith('nats-server', this.folder(name, 'nats', 'nats.conf'))
        : pidsWith(`apps/${part}/bundle/main.mjs`, this.folder(name, 'node.yaml'));
    if (pids.length !== 1) throw new Error(`${pids.length} processes of ${name}/${part}`);
    return pids[0] ?? -1;
  }

  /** The postmaster. */
  storePid(): number {
    const [pid, ...others] = pidsWith(`listen_addresses=${this.address('store')}`);
    if (pid === undefined || others.length > 0) throw new Error('not exactly one PostgreSQL runs');
    return pid;
  }

  /** The postmaster first, so that it does not see its children stand still. */
  freezeStore(): { thaw(): void } {
    const pid = this.storePid();
    signal(pid, 'SIGSTOP');
    const sessions = childrenOf(pid);
    for (const session of sessions) signal(session, 'SIGSTOP');
    return {
      thaw: () => {
        for (const one of [...sessions, pid]) signal(one, 'SIGCONT');
      },
    };
  }

  mailCatcherPid(): number {
    const [pid, ...others] = pidsWith('mail-catcher').filter((one) =>
      readFileSync(`/proc/${one}/cmdline`, 'utf8').includes(this.data),
    );
    if (pid === undefined || others.length > 0) throw new Error('not exactly one mail catcher runs');
    return pid;
  }

  /** Texts of all mails that the pair's SMTP server caught. */
  mails(): string[] {
    const names = readdirSync(this.folder('mails')).filter((name) => name.endsWith('.eml'));
    return names.toSorted().map((name) => readFileSync(this.folder('mails', name), 'utf8'));
  }

  async sql<Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({
      host: this.address('store'),
      port: storePort,
      user: 'hotstandby',
      database: 'hotstandby',
      password: readFileSync(this.folder('store', 'password'), 'utf8').trim(),
      connectionTimeoutMillis: 3000,
      options: '-c search_path=hotstandby -c statement_timeout=20000',
    });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  watchGrants(): Promise<GrantWatch> {
    return GrantWatch.start(
      cluster,
      nodeNames.map((name) => ({
        node: name,
        natsUrl: `nats://${this.address(name)}:4222`,
        keysDir: this.folder(name, 'keys', 'nats'),
      })),
    );
  }

  /** The command line, as in the clone. Never throws for an exit code. */
  cli(args: string[]): Promise<{ code: number; out: string; err: string }> {
    const main = join(root, 'apps', 'cli', 'bundle', 'main.mjs');
    const config = this.folder('a', 'node.yaml');
    return new Promise((resolve) => {
      execFile(node, [main, ...args, '--config', config], { timeout: 60_000 }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
      );
    });
  }

  /** Ctrl-C. Throws when it does not end well or leaves a process behind. */
  async stop(): Promise<void> {
    if (this.#ended === undefined) {
      this.#launcher.kill('SIGINT');
      await eventually(() => this.#ended !== undefined, 40_000, 'the end of the pair').catch((error: unknown) => {
        this.#launcher.kill('SIGTERM');
        throw error;
      });
    }
    process.off('exit', this.#lastResort);
    const left = nodeNames.flatMap((name) => [
      ...pidsWith(this.folder(name, 'node.yaml')),
      ...pidsWith(this.folder(name, 'nats', 'nats.conf')),
    ]);
    const code = this.#ended;
    if (code === 0 && left.length === 0) rmSync(this.data, { recursive: true, force: true });
    if (code !== 0 || left.length > 0)
      throw new Error(`the pair ended with ${code} and left ${left.length} processes; see ${this.data}\n${this.#said}`);
  }
}

/** Sentences about what keeps a console's view from being a whole pair; every service heard of in the last `heardWithinMs`. */
export function whatIsAmiss(view: PairStatus, heardWithinMs: number): string[] {
  const amiss: string[] = [];
  const roles = view.nodes.map(({ arbiter }) => arbiter?.role ?? 'no answer').toSorted();
  if (roles.join() !== 'active,standby') amiss.push(`roles ${roles.join(' and ')}`);
  if (view.redundancy !== 'ready') amiss.push(`redundancy ${view.redundancy}`);
  if (!view.store.reachable) amiss.push('the store is out of reach');
  for (const { name, services } of view.nodes) {
    for (const service of serviceNames) {
      const seen = services.find((one) => one.service === service);
      if (!seen || seen.ageMs > heardWithinMs) amiss.push(`nothing of ${name}/${service}`);
      else if (seen.health === 'failed') amiss.push(`${name}/${service}: ${seen.summary}`);
    }
  }
  return amiss;
}
