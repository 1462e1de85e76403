import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { parse, stringify } from 'yaml';
import { type PairStatus, pairStatus, type ServiceName } from '@hotstandby/contracts';
import { profiles } from '@hotstandby/config';
import { claimFolder } from '../../../tools/pair/src/data-folder.ts';
import {
  cluster,
  type Layout,
  type NodeName,
  nodeFolders,
  nodeNames,
  peerOf,
  ports,
  sharedFolders,
} from '../../../tools/pair/src/layout.ts';
import { ProcessRecord } from '../../../tools/pair/src/leftovers.ts';
import { mailPart, nodeParts } from '../../../tools/pair/src/node-parts.ts';
import type { Part } from '../../../tools/pair/src/part.ts';
import { allProcesses, familyOf, signal } from '../../../tools/pair/src/process-table.ts';
import { setUpNodes } from '../../../tools/pair/src/set-up.ts';
import { prepareStore } from '../../../tools/pair/src/store/postgres.ts';
import { Supervisor } from '../../../tools/pair/src/supervisor.ts';
import { prepareClone, root } from '../../parts/clone.ts';
import { EarlyEnds } from '../../parts/early-ends.ts';
import { eventually } from '../../parts/eventually.ts';
import { GrantWatch } from '../grant-watch.ts';
import { whatIsAmiss } from '../running-pair.ts';
import { Clocks } from './clocks.ts';
import { Lan } from './lan.ts';
import { mark, removeFolder, removeLeftovers } from './leftovers.ts';
import { inside, searchPath } from './programs.ts';

const stopGraceMs = 10_000;
export type Profile = 'fast' | 'standard';
export type PartName = ServiceName | 'nats-server';
export const environment = { PATH: searchPath, HOME: process.env['HOME'] ?? '/' };

/** What of the collector differs from the pair of `npm start`. `folder` may hold files for it. */
export type ChangeConfig = (lan: Lan, folder: string) => object;

/** A whole pair with its store, every machine of it a network namespace of its own, with a real virtual IP. */
export class NetworkPair {
  readonly profile: Profile;
  readonly timing: (typeof profiles)[Profile];
  readonly lan: Lan;
  readonly clocks: Clocks;
  readonly #folder: string;
  readonly #layout: Layout;
  readonly #supervisor: Supervisor;
  readonly #parts = new Map<string, Part>();
  readonly #change: ChangeConfig;
  /** Until both were there for the first time; null: later, a test ends parts itself. */
  #early: EarlyEnds | null = new EarlyEnds();

  private constructor(profile: Profile, lan: Lan, folder: string, change: ChangeConfig) {
    this.profile = profile;
    this.#change = change;
    this.timing = profiles[profile];
    this.lan = lan;
    this.#folder = folder;
    this.#layout = { root, data: join(folder, 'pair'), addresses: lan.addresses, virtualName: null };
    this.clocks = new Clocks(folder);
    this.#supervisor = new Supervisor(new ProcessRecord(sharedFolders(this.#layout).run), (line) =>
      this.#early?.hear(line),
    );
  }

  /**
   * Set up and started: nobody is active yet. What runs that were killed have left is removed first. `change` gives what a node's
   * configuration shall have of the collector besides.
   */
  static async start(profile: Profile, change: ChangeConfig = () => ({})): Promise<NetworkPair> {
    await prepareClone('vip');
    await removeLeftovers();
    const lan = await Lan.open();
    const pair = new NetworkPair(profile, lan, mkdtempSync(join(tmpdir(), `${mark}-`)), change);
    try {
      await pair.#start();
      return pair;
    } catch (error) {
      await pair.close(false).catch(() => {});
      throw error;
    }
  }

  get folder(): string {
    return this.#folder;
  }

  /** Where logs and data are when it was closed as not well done; without the mark, so that no later run takes it for a leftover. */
  get folderAfter(): string {
    return join(tmpdir(), `hotstandby-chaos-${process.pid}`);
  }

  nodeFolders(node: NodeName): ReturnType<typeof nodeFolders> {
    return nodeFolders(this.#layout, node);
  }

  async status(node: NodeName): Promise<PairStatus> {
    const url = `http://${this.lan.address(node)}:${ports.console}/api/status`;
    return pairStatus.parse(await (await fetch(url, { signal: AbortSignal.timeout(5000) })).json());
  }

  watchGrants(): Promise<GrantWatch> {
    const at = (node: NodeName) => `nats://${this.lan.address(node)}:${ports.nats}`;
    const watched = nodeNames.map((node) => ({ node, natsUrl: at(node), keysDir: this.nodeFolders(node).natsKeys }));
    return GrantWatch.start(cluster, watched);
  }

  async sql<Row extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new Client({
      host: this.lan.address('store'),
      port: ports.postgres,
      user: 'hotstandby',
      database: 'hotstandby',
      password: readFileSync(sharedFolders(this.#layout).passwordFile, 'utf8').trim(),
      connectionTimeoutMillis: 5000,
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

  /** The command line, on this host. Never throws for an exit code. */
  cli(node: NodeName, args: string[]): Promise<{ code: number; out: string; err: string }> {
    const main = join(root, 'apps', 'cli', 'bundle', 'main.mjs');
    const words = [main, ...args, '--config', this.nodeFolders(node).config];
    return new Promise((resolve) => {
      execFile(process.execPath, words, { timeout: 60_000 }, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
      );
    });
  }

  /** Both consoles see one active with its standby, ready, and every service well. Returns the active. */
  async settled(timeoutMs: number): Promise<NodeName> {
    const sinceMs = performance.now();
    const active = await eventually(
      async () => {
        this.#early?.check();
        const views = await Promise.all(nodeNames.map((node) => this.status(node)));
        const unwell = views.flatMap((view) => whatIsAmiss(view, performance.now() - sinceMs));
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

  /** Sends a signal to one part with its children. */
  signal(node: NodeName, part: PartName, name: NodeJS.Signals): void {
    this.#signal(`${node}/${part}`, name);
  }

  /** The postmaster first, so that it does not see its children stand still; last when it goes on. */
  freezeStore(): void {
    this.#signal('store/postgres', 'SIGSTOP');
  }

  thawStore(): void {
    this.#signal('store/postgres', 'SIGCONT');
  }

  /** SIGKILL to all of it, or a fast shutdown; it is started again by itself. */
  endStore(name: 'SIGKILL' | 'SIGINT'): void {
    const pid = this.#parts.get('store/postgres')?.pid;
    if (!pid) return;
    if (name === 'SIGINT') signal(pid, name);
    else this.#signal('store/postgres', name);
  }

  killNode(node: NodeName): Promise<void> {
    return this.#supervisor.kill(node);
  }

  startNode(node: NodeName): void {
    this.#supervisor.start(node);
  }

  freezeNode(node: NodeName): void {
    this.#supervisor.freeze(node);
  }

  thawNode(node: NodeName): void {
    this.#supervisor.thaw(node);
  }

  /** Nothing is cut, frozen or dead any more; what was killed may still be on its way up. */
  async mendAll(): Promise<void> {
    await this.lan.mendAll();
    this.thawStore();
    for (const node of nodeNames) {
      this.thawNode(node);
      for (const name of this.#parts.keys()) if (name.startsWith(`${node}/`)) this.#signal(name, 'SIGCONT');
      this.startNode(node);
      this.clocks.set(node, '+0');
    }
  }

  /** Both nodes, the active last so that nobody takes over; the store goes on. */
  async stopNodes(active: NodeName): Promise<void> {
    for (const node of [peerOf(active), active]) {
      const parts = [...this.#parts.values()].filter((part) => part.spec.name.startsWith(`${node}/`));
      const [server, ...services] = parts;
      await Promise.all(services.map((part) => part.stop(stopGraceMs)));
      await server?.stop(stopGraceMs);
    }
  }

  /** All of it is gone; the folder with logs and data too, when nobody wants to look at it. */
  async close(wellDone: boolean): Promise<void> {
    await this.#supervisor.killAll();
    await this.lan.close();
    if (wellDone) removeFolder(this.#folder);
    else renameSync(this.#folder, this.folderAfter);
  }

  async #start(): Promise<void> {
    const layout = this.#layout;
    mkdirSync(layout.data, { recursive: true, mode: 0o711 });
    claimFolder(layout.data, layout.addresses);
    await setUpNodes(layout, { profile: this.profile, fileSync: true }, true);
    for (const node of nodeNames) this.#changeConfig(node);
    const onStore = inside(this.lan.namespace('store'));
    const store = await prepareStore(layout, environment, onStore);
    const pairMain = join(root, 'tools', 'pair', 'bundle', 'main.mjs');
    for (const part of [store.part, mailPart(layout, pairMain, environment, onStore)]) this.#add('store', part);
    for (const node of nodeNames) {
      const clock = this.clocks.environment(node);
      for (const part of nodeParts(layout, node, environment, inside(this.lan.namespace(node)))) {
        // sshd under file-sync looks at what is preloaded into it, and Go's programs take nothing.
        const faked = !/file-sync|nats-server/.test(part.name);
        this.#add(node, faked ? { ...part, env: { ...part.env, ...clock } } : part);
      }
    }
    this.#supervisor.start('store');
    await store.ready();
    for (const node of nodeNames) this.#supervisor.start(node);
  }

  #changeConfig(node: NodeName): void {
    const { config } = this.nodeFolders(node);
    const made = parse(readFileSync(config, 'utf8')) as { binding: object; collector: object };
    const binding = { ...made.binding, interface: 'eth0' };
    const collector = { ...made.collector, ...this.#change(this.lan, this.#folder) };
    writeFileSync(config, stringify({ ...made, binding, collector }));
  }

  #add(group: 'a' | 'b' | 'store', spec: Part['spec']): void {
    this.#parts.set(spec.name, this.#supervisor.add(group, spec));
  }

  #signal(name: string, what: NodeJS.Signals): void {
    const pid = this.#parts.get(name)?.pid;
    if (!pid) return;
    const family = familyOf(new Set([pid]), allProcesses()).map((entry) => entry.pid);
    const parentFirst = family.toSorted((one, other) => Number(other === pid) - Number(one === pid));
    for (const one of what === 'SIGCONT' ? parentFirst.toReversed() : parentFirst) signal(one, what);
  }
}
