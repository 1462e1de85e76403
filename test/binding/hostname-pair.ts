// A whole pair with a virtual hostname, in this process's hands: `npm start -- --hostname` without its screen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { CloudEvent } from '@hotstandby/ports';
import {
  nodeFolders,
  nodeNames,
  sharedFolders,
  virtualNameFor,
  type Layout,
  type NodeName,
} from '../../tools/pair/src/layout.ts';
import { loopback } from '../../tools/pair/src/network.ts';
import { Pair } from '../../tools/pair/src/pair.ts';
import { Watch } from '../../tools/pair/src/watch.ts';
import { prepareClone, root } from '../parts/clone.ts';
import { EarlyEnds } from '../parts/early-ends.ts';
import { eventually } from '../parts/eventually.ts';
import { ownNetwork } from '../scenarios/running-pair.ts';
import { pidsWith, signal } from '../scenarios/processes.ts';
import { freePort } from './bind-server.ts';

export interface Told {
  node: string;
  type: string;
  code: string | null;
  /** Of this process, when it was heard. */
  atMs: number;
}

export class HostnamePair {
  readonly layout: Layout;
  readonly pair: Pair;
  readonly events: Told[] = [];
  readonly #watch: Watch;
  /** Until both were there for the first time; null: later, a test ends parts itself. */
  #early: EarlyEnds | null;

  private constructor(layout: Layout, pair: Pair, early: EarlyEnds) {
    this.layout = layout;
    this.pair = pair;
    this.#early = early;
    this.#watch = new Watch(layout);
    this.#watch.onEvent((event: CloudEvent, node) => {
      const { code = null } = (event.data ?? {}) as { code?: string | null };
      this.events.push({ node, type: event.type, code, atMs: performance.now() });
    });
  }

  /** Resolves when one node is active and the other its standby. */
  static async start(profile: 'fast' | 'standard'): Promise<HostnamePair> {
    await prepareClone('hostname');
    const network = loopback(ownNetwork());
    const data = path.join(mkdtempSync(path.join(tmpdir(), 'hs-name-pair-')), 'pair');
    const virtualName = { ...virtualNameFor('127.0.0'), port: await freePort() };
    const layout: Layout = { root, data, addresses: network.addresses, virtualName };
    const choices = { profile, reset: false, withoutFileSync: 'nobody asks for it here' } as const;
    const main = path.join(root, 'tools', 'pair', 'bundle', 'main.mjs');
    const early = new EarlyEnds();
    const pair = await Pair.prepare(layout, choices, network, main, { notice: (line) => early.hear(line) });
    const one = new HostnamePair(layout, pair, early);
    try {
      await pair.start();
      await one.#watch.start();
      await one.settled();
    } catch (error) {
      await one.stop();
      throw error;
    }
    return one;
  }

  get name(): string {
    return this.layout.virtualName?.name ?? '';
  }

  get dnsPort(): number {
    return this.layout.virtualName?.port ?? 0;
  }

  async settled(): Promise<NodeName> {
    const active = await eventually(
      async () => {
        this.#early?.check();
        await this.#watch.look();
        return this.#watch.ready() ? this.#watch.active() : null;
      },
      90_000,
      'an active and a standby that is ready',
    );
    this.#early = null;
    return active;
  }

  async active(): Promise<NodeName | null> {
    await this.#watch.look();
    return this.#watch.active();
  }

  epoch(node: NodeName): number {
    return this.#watch.nodes[node].arbiter?.epoch ?? 0;
  }

  health(node: NodeName): { health: string; summary: string } | undefined {
    return this.#watch.nodes[node].services.get('network-binding');
  }

  /** Writes other values into `binding` of the nodes' files, and has their services notice it at once. */
  configure(change: Record<string, unknown>, nodes: readonly NodeName[] = nodeNames): void {
    for (const node of nodes) {
      const { config } = nodeFolders(this.layout, node);
      const file = parse(readFileSync(config, 'utf8')) as { binding: Record<string, unknown> };
      writeFileSync(config, stringify({ ...file, binding: { ...file.binding, ...change } }));
      for (const pid of pidsWith('apps/network-binding/bundle/main.mjs', config)) signal(pid, 'SIGHUP');
    }
  }

  /** What the node's file says, and with `instead` another one, which counts from the next start of its service. */
  binding(node: NodeName, instead?: Record<string, unknown>): Record<string, unknown> {
    const { config } = nodeFolders(this.layout, node);
    const file = parse(readFileSync(config, 'utf8')) as { binding: Record<string, unknown> };
    if (instead) writeFileSync(config, stringify({ ...file, binding: instead }));
    return file.binding;
  }

  /** What the node keeps in mind of bindings that lead to it or may. */
  remembered(node: NodeName): unknown[] {
    return JSON.parse(readFileSync(path.join(nodeFolders(this.layout, node).home, 'data', 'bindings.json'), 'utf8'));
  }

  named(): number {
    const [pid, ...others] = pidsWith('named', path.join(sharedFolders(this.layout).dns, 'named.conf'));
    if (pid === undefined || others.length > 0) throw new Error('not exactly one named runs');
    return pid;
  }

  /** Other rules for updates, in the running server. */
  grants(lines: string[]): void {
    const file = path.join(sharedFolders(this.layout).dns, 'named.conf');
    const policy = `update-policy {\n${lines.map((line) => `    grant ${line};`).join('\n')}\n  };`;
    writeFileSync(file, readFileSync(file, 'utf8').replace(/update-policy \{[^}]*\};/, policy));
    signal(this.named(), 'SIGHUP');
  }

  async stop(): Promise<void> {
    const active = await this.active().catch(() => null);
    await this.#watch.close();
    await this.pair.stop(active);
    rmSync(path.dirname(this.layout.data), { recursive: true, force: true });
  }
}
