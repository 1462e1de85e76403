import { selector, without } from '@hotstandby/core/sync-plan';
import {
  filesInstalled,
  parse,
  hintLimits,
  subjects,
  type FileManifest,
  type FilesInstalled,
  type Grant,
} from '@hotstandby/contracts';
import type { Cancel, FileState, Scan, SyncMemory, Unsubscribe } from '@hotstandby/ports';
import type { FileSyncParts } from './parts.ts';
import { asFault, type Troubles } from './troubles.ts';
import { Turns } from './turns.ts';

type OpenGrant = Grant & { epoch: number };

// A grant that lapses for a moment is no reason to start sshd anew.
const lingerMs = 3000;
const retryMs = 5000;

/** What the active does: serves its files, looks for changes, and says so. */
export class ActiveSide {
  readonly #parts: FileSyncParts;
  readonly #troubles: Troubles;
  readonly #grant: () => OpenGrant | null;
  readonly #offering = new Turns(() => this.#offer());
  readonly #serving = new Turns(() => this.#serve());
  #active = false;
  #server: { stop(): Promise<void> } | null = null;
  #stopWatch: Unsubscribe = () => {};
  #timers: Cancel[] = [];
  readonly #retries = new Map<Turns, Cancel>();
  #offered: {
    epoch: number;
    content: string;
    madeAtWallMs: number;
    digests: ReadonlyMap<string, string>;
    bytes: number;
  } | null = null;
  #peerHas: FilesInstalled | null = null;
  #onPeer: () => void = () => {};
  #unsubscribe: Unsubscribe = () => {};

  /** `grant`: the gate, asked right before every effect. */
  constructor(parts: FileSyncParts, troubles: Troubles, grant: () => OpenGrant | null) {
    this.#parts = parts;
    this.#troubles = troubles;
    this.#grant = grant;
  }

  begin(): void {
    if (this.#active) return void this.#offering.ask();
    const { tree, settings, bus, place, clock, log } = this.#parts;
    this.#active = true;
    const select = selector(settings.selection);
    const ask = () => void this.#offering.ask();
    this.#stopWatch = tree.watch(select, ask, (fault) => this.#troubles.set('watch', fault));
    this.#timers.push(clock.every(settings.intervalSeconds * 1000, ask));
    this.#unsubscribe = bus.subscribe(subjects.filesInstalled({ ...place, node: settings.peer }), (payload) => {
      try {
        this.#peerHas = parse(filesInstalled, payload, 'what the standby has');
        this.#onPeer();
      } catch (error) {
        log.warn('a message of the standby is ignored', { error: String(error) });
      }
    });
    void this.#serving.ask();
    ask();
  }

  /** The gate is shut: nothing is offered any more; the server goes a little later. */
  end(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#stopWatch();
    this.#unsubscribe();
    for (const cancel of [...this.#timers, ...this.#retries.values()]) cancel();
    this.#timers = [this.#parts.clock.after(lingerMs, () => void this.#serving.ask())];
    for (const area of ['watch', 'offer']) this.#troubles.set(area, null);
    void this.#offering.ask();
  }

  async stop(): Promise<void> {
    this.end();
    for (const cancel of this.#timers) cancel();
    await this.#offering.ask();
    await this.#serving.ask();
    await this.#offering.idle();
    await this.#serving.idle();
  }

  /**
   * Before a planned hand-over: offers the last changes and waits until a standby that was in step has them.
   * Returns what it waited for in vain, or null.
   */
  async settle(deadlineMs: number): Promise<string | null> {
    await this.#offering.ask();
    const inStep = () => !this.#peerHas || !this.#offered || this.#peerHas.madeAtWallMs >= this.#offered.madeAtWallMs;
    if (inStep()) return null;
    return await new Promise((resolve) => {
      const give = (message: string | null) => {
        cancel();
        this.#onPeer = () => {};
        resolve(message);
      };
      const cancel = this.#parts.clock.after(deadlineMs, () => give('the standby does not have the last changes yet'));
      this.#onPeer = () => {
        if (inStep()) give(null);
      };
    });
  }

  detail(): Record<string, unknown> {
    const offered = this.#offered;
    return {
      serving: this.#server !== null,
      files: offered?.digests.size ?? 0,
      bytes: offered?.bytes ?? 0,
      standbyInStep: offered !== null && this.#peerHas !== null && this.#peerHas.madeAtWallMs >= offered.madeAtWallMs,
    };
  }

  async #serve(): Promise<void> {
    try {
      if (this.#active && !this.#server) {
        this.#server = await this.#parts.transfer.serve((fault) => {
          this.#troubles.set('server', fault);
          // Who came before it listened waits for its next try otherwise.
          if (!fault) this.#announce([]);
        });
      } else if (!this.#active && this.#server) {
        const server = this.#server;
        this.#server = null;
        await server.stop();
        this.#troubles.set('server', null);
      }
    } catch (error) {
      this.#troubles.set('server', asFault(error));
      if (this.#active) this.#later(this.#serving);
    }
  }

  async #offer(): Promise<void> {
    const { transfer, tree, memory, settings, place, clock } = this.#parts;
    try {
      if (!this.#active) {
        this.#offered = null;
        this.#peerHas = null;
        return await transfer.offer(null);
      }
      const scan = await tree.scan(selector(settings.selection));
      const known = await memory.load();
      const grant = this.#grant();
      if (!grant) return;
      const said = this.#describe(scan, known);
      const content = JSON.stringify(said);
      const madeAtWallMs = clock.wallMs();
      if (this.#offered?.epoch !== grant.epoch || this.#offered.content !== content) {
        const head = { version: 1 as const, node: place.node, epoch: grant.epoch, madeAtWallMs };
        await transfer.offer(JSON.stringify({ ...head, ...said } satisfies FileManifest));
        const bytes = scan.files.reduce((sum, file) => sum + file.size, 0);
        const changed = this.#offered ? changedSince(this.#offered.digests, scan.files) : [];
        const digests = new Map(scan.files.map((file) => [file.path, file.digest]));
        this.#offered = { epoch: grant.epoch, content, madeAtWallMs, digests, bytes };
        this.#announce(changed);
      }
      this.#troubles.set('offer', null);
    } catch (error) {
      this.#troubles.set('offer', asFault(error));
      if (this.#active) this.#later(this.#offering);
    }
  }

  #announce(changed: string[]): void {
    const { bus, place } = this.#parts;
    if (!this.#active || !this.#offered) return;
    const { epoch, madeAtWallMs } = this.#offered;
    bus.publish(subjects.filesChanged(place), { node: place.node, epoch, madeAtWallMs, changed });
  }

  #later(turns: Turns): void {
    this.#retries.get(turns)?.();
    this.#retries.set(
      turns,
      this.#parts.clock.after(retryMs, () => void turns.ask()),
    );
  }

  #describe(scan: Scan, known: SyncMemory): Pick<FileManifest, 'selection' | 'files' | 'unreadable' | 'gone'> {
    const { selection } = this.#parts.settings;
    const select = without(selector(selection), scan.unreadable);
    const present = new Set(scan.files.map((file) => file.path));
    const gone = [...known.installed].flatMap(([path, { digest }]) =>
      digest === null || present.has(path) || !select.file(path) ? [] : [{ path, received: digest }],
    );
    const files = scan.files.map((file) => ({ ...file, received: known.installed.get(file.path)?.digest ?? null }));
    return { selection, files, unreadable: scan.unreadable, gone };
  }
}

/** The files that differ from those offered before, when they are few and small. */
function changedSince(before: ReadonlyMap<string, string>, files: readonly FileState[]): string[] {
  const changed = files.filter((file) => before.get(file.path) !== file.digest);
  const bytes = changed.reduce((sum, file) => sum + file.size, 0);
  return changed.length <= hintLimits.files && bytes <= hintLimits.bytes ? changed.map((file) => file.path) : [];
}
