import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FolderTree, incomingFolder, stagingFolder, SyncMemoryFile } from '@hotstandby/adapters/file-tree';
import { makeSshKeys, RsyncTransfer, type RsyncTransferOptions } from '@hotstandby/adapters/rsync';
import { systemClock } from '@hotstandby/adapters/system';
import { subjects, type Emit, type Role } from '@hotstandby/contracts';
import type { FileSelection, FileTransfer, FileTree, Logger, Metrics } from '@hotstandby/ports';
import { FileSync } from '@hotstandby/services/file-sync';
import { LocalBus } from '@hotstandby/testing/local-bus';

export const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};
export const everything: FileSelection = {
  include: { directories: [], files: [] },
  exclude: { directories: [], files: [] },
};

export interface Told {
  type: string;
  data: Record<string, unknown>;
}

/** One node: its folders, its adapters and its service, on a bus that both nodes share. */
export class TestNode {
  readonly name: string;
  readonly folder: string;
  readonly root: string;
  readonly keysDir: string;
  readonly address: string;
  readonly told: Told[] = [];
  readonly transfer: RsyncTransfer;
  tree!: FolderTree;
  memory!: SyncMemoryFile;
  service!: FileSync;
  readonly #bus: LocalBus;
  readonly #options: RsyncTransferOptions;
  #beat: NodeJS.Timeout | undefined;
  readonly #selection: FileSelection;
  readonly #peer: string;
  readonly #intervalSeconds: number;

  constructor(pair: PairOptions & { folder: string; sshPort: number; bus: LocalBus }, name: string, peer: string) {
    this.name = name;
    this.#peer = peer;
    this.folder = join(pair.folder, name);
    this.root = join(this.folder, pair.rootName ?? 'files');
    this.keysDir = join(this.folder, 'keys/ssh');
    this.address = addresses[name] ?? '';
    this.#bus = pair.bus;
    this.#selection = pair.selection ?? everything;
    this.#intervalSeconds = pair.intervalSeconds ?? 600;
    this.#options = {
      node: { address: this.address, dataDir: join(this.folder, 'data') },
      peer: { name: peer, address: addresses[peer] ?? '' },
      root: this.root,
      incomingDir: '',
      keysDir: this.keysDir,
      sshPort: pair.sshPort,
      log: quiet,
    };
    this.transfer = new RsyncTransfer(this.#options);
    const arbiter = { registered: true, incarnation: `${name}1` };
    this.#bus.respond(subjects.registerListener({ cluster: 'test', node: name }), () => arbiter);
  }

  /** A transfer of this node with other settings. */
  transferWith(change: Partial<RsyncTransferOptions>): RsyncTransfer {
    return new RsyncTransfer({ ...this.#options, ...change });
  }

  async prepare(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    const stagingDir = await stagingFolder(this.root);
    this.#options.incomingDir = incomingFolder(stagingDir);
    const own = join(this.folder, 'data/file-sync');
    await mkdir(own, { recursive: true });
    this.tree = new FolderTree({ root: this.root, stagingDir, cacheFile: join(own, 'digests.json') });
    this.memory = new SyncMemoryFile(join(own, 'memory.json'), quiet);
    this.makeService();
  }

  makeService(parts: { transfer?: FileTransfer; tree?: FileTree } = {}): FileSync {
    const emit: Emit = async (type, data) => {
      this.told.push({ type, data: data as Record<string, unknown> });
    };
    this.service = new FileSync({
      bus: this.#bus,
      clock: systemClock,
      place: { cluster: 'test', node: this.name },
      log: process.env['HOTSTANDBY_TEST_LOG'] ? console : quiet,
      metrics: noMetrics,
      emit,
      transfer: parts.transfer ?? this.transfer,
      tree: parts.tree ?? this.tree,
      memory: this.memory,
      settings: { peer: this.#peer, selection: this.#selection, intervalSeconds: this.#intervalSeconds },
    });
    return this.service;
  }

  /** The arbiter's word to this node, renewed until the next. */
  role(role: Role, epoch: number): void {
    clearInterval(this.#beat);
    const say = () =>
      this.#bus.publish(subjects.grant({ cluster: 'test', node: this.name }), {
        role,
        nodeId: this.name,
        incarnation: `${this.name}1`,
        epoch: role === 'active' ? epoch : null,
        deadlineMs: systemClock.monotonicMs() + 2000,
        tenure: null,
      });
    say();
    this.#beat = setInterval(say, 100);
  }

  async write(path: string, content: string): Promise<void> {
    const full = join(this.root, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content);
  }

  async read(path: string): Promise<string | null> {
    return await readFile(join(this.root, path), 'utf8').catch(() => null);
  }

  events(type: string): Record<string, unknown>[] {
    return this.told.filter((event) => event.type === type).map((event) => event.data);
  }

  async stop(): Promise<void> {
    clearInterval(this.#beat);
    await this.service.stop();
  }
}

const block = 20 + Math.floor(Math.random() * 200);
const addresses: Record<string, string> = { a: `127.0.${block}.11`, b: `127.0.${block}.12` };

interface PairOptions {
  selection?: FileSelection;
  intervalSeconds?: number;
  rootName?: string;
}

/** Two nodes with real folders, keys, sshd and rsync; the arbiter's part is played by `reign`. */
export async function makePair(options: PairOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'hotstandby-sync-'));
  const bus = new LocalBus();
  const sshPort = await freePort(addresses['a'] ?? '');
  const made = { ...options, folder, sshPort, bus };
  const a = new TestNode(made, 'a', 'b');
  const b = new TestNode(made, 'b', 'a');
  for (const [name, files] of Object.entries(makeSshKeys(['a', 'b']))) {
    for (const { path, content, mode } of files) {
      const full = join(folder, name, path);
      await mkdir(dirname(full), { recursive: true });
      await writeFile(full, content, { mode });
    }
  }
  await a.prepare();
  await b.prepare();
  return {
    a,
    b,
    bus,
    folder,
    sshPort,
    /** `active` reigns under `epoch`; the other one is the standby. */
    reign(active: TestNode, epoch: number): void {
      for (const node of [a, b]) answerAs(bus, node, active, epoch);
      for (const node of [a, b]) node.role(node === active ? 'active' : 'standby', epoch);
    },
    /** What the arbiter of `node` answers when it is asked who is active. */
    answer(node: TestNode, active: TestNode, epoch: number): void {
      answerAs(bus, node, active, epoch);
    },
    async start(): Promise<void> {
      await Promise.all([a.service.start(), b.service.start()]);
    },
    /** Stops both nodes, undoes what a test did beside them, last first, and leaves nothing on disk. */
    async end(undo: (() => unknown)[] = []): Promise<void> {
      await Promise.all([a.stop(), b.stop()]);
      for (const step of undo.reverse()) await step();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answerAs(bus: LocalBus, node: TestNode, active: TestNode, epoch: number): void {
  const holder = {
    name: active.name,
    nodeId: active.name,
    address: active.address,
    consolePort: 8080,
    serverRole: 'PRIMARY',
    lastCount: 1,
    silentMs: 10,
    registered: false,
  };
  bus.respond(subjects.describe({ cluster: 'test', node: node.name }), () => ({
    node: node.name,
    nodeId: node.name,
    incarnation: `${node.name}1`,
    role: node === active ? 'active' : 'standby',
    reason: 'test',
    epoch,
    active: holder,
    standby: null,
    nodes: [],
    redundancy: 'ready',
    grantRemainingMs: null,
    store: { reachable: true, lastAnswerMs: 1, message: null },
    timing: { profile: 'fast', beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158 },
    listeners: [],
  }));
}

/** Polls until `probe` gives something true; fails with what it was waiting for. */
export async function until<T>(what: string, probe: () => T | Promise<T>, limitMs = 20_000): Promise<NonNullable<T>> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<T>;
    if (performance.now() > endMs) throw new Error(`in vain for ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, address, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
