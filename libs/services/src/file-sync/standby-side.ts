import {
  arbiterDescription,
  CodedError,
  filesChanged,
  hintLimits,
  parse,
  subjects,
  type FilesChanged,
} from '@hotstandby/contracts';
import type { Cancel, Unsubscribe } from '@hotstandby/ports';
import type { FileSyncParts } from './parts.ts';
import { pull, type Holder, type PullResult } from './pull.ts';
import { asFault, type Troubles } from './troubles.ts';
import { Turns } from './turns.ts';

const firstRetryMs = 1000;
const lastRetryMs = 30_000;
const askArbiterMs = 2000;
/** A pull that runs longer than this is said to hang: a disk or a network folder does not answer. */
const hungMs = 15 * 60_000;
/** So often a file may change while it is copied before that is called a fault. */
const unsettledPulls = 4;

/** What the standby does: brings the active's files here, at start, on the active's word and at the interval. */
export class StandbySide {
  readonly #parts: FileSyncParts;
  readonly #troubles: Troubles;
  readonly #isStandby: () => boolean;
  readonly #pulls = new Turns(() => this.#pull());
  #active = false;
  #abort = new AbortController();
  #cancelRetry: Cancel = () => {};
  #cancelInterval: Cancel = () => {};
  #unsubscribe: Unsubscribe = () => {};
  #retryMs = firstRetryMs;
  #unsettled = 0;
  #pullSinceMs: number | null = null;
  #announcedAtWallMs: number | null = null;
  #hints: string[] = [];
  /** Since when it is known that this node lacks something. */
  #behindSinceMs: number | null = null;
  #last: (PullResult & { atMs: number; atWallMs: number }) | null = null;

  /** `isStandby`: this node is the standby as far as the arbiter's last word goes. */
  constructor(parts: FileSyncParts, troubles: Troubles, isStandby: () => boolean) {
    this.#parts = parts;
    this.#troubles = troubles;
    this.#isStandby = isStandby;
  }

  begin(): void {
    if (this.#active) return;
    const { bus, clock, place, settings, log } = this.#parts;
    this.#active = true;
    this.#abort = new AbortController();
    this.#last = null;
    this.#announcedAtWallMs = null;
    this.#hints = [];
    this.#behindSinceMs = clock.monotonicMs();
    this.#unsubscribe = bus.subscribe(subjects.filesChanged({ ...place, node: settings.peer }), (payload) => {
      try {
        this.#announced(parse(filesChanged, payload, 'a change of files'));
      } catch (error) {
        log.warn('a message of the active is ignored', { error: String(error) });
      }
    });
    this.#cancelInterval = clock.every(settings.intervalSeconds * 1000, () => void this.#pulls.ask());
    void this.#pulls.ask();
  }

  /** The node is no standby any more: what is under way stops before its next step. */
  end(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#abort.abort(new CodedError('HS_BUSY', 'this node is not the standby any more'));
    this.#unsubscribe();
    this.#cancelInterval();
    this.#cancelRetry();
    this.#troubles.set('pull', null);
  }

  async stop(): Promise<void> {
    this.end();
    await this.#pulls.idle();
  }

  #announced({ madeAtWallMs, changed }: FilesChanged): void {
    if (this.#last?.manifest.madeAtWallMs === madeAtWallMs) return;
    this.#announcedAtWallMs = madeAtWallMs;
    this.#behindSinceMs ??= this.#parts.clock.monotonicMs();
    // What did not fit comes with the plan.
    if (this.#hints.length < hintLimits.files) this.#hints.push(...changed);
    void this.#pulls.ask();
  }

  /** For how many seconds this node has lacked, or may have lacked, something that the active has; 0 while it is in step. */
  lagSeconds(): number {
    const nowMs = this.#parts.clock.monotonicMs();
    const heardMs = this.#last?.atMs ?? nowMs;
    // Not a word and no pull for two intervals: who knows what was missed.
    const unheard = nowMs - heardMs > 2000 * this.#parts.settings.intervalSeconds;
    const sinceMs = this.#behindSinceMs ?? (unheard ? heardMs : nowMs);
    return Math.round((nowMs - sinceMs) / 1000);
  }

  hungSeconds(): number | null {
    const sinceMs = this.#pullSinceMs === null ? 0 : this.#parts.clock.monotonicMs() - this.#pullSinceMs;
    return sinceMs > hungMs ? Math.round(sinceMs / 1000) : null;
  }

  detail(): Record<string, unknown> {
    const last = this.#last;
    return {
      lastSuccessWallMs: last?.atWallMs ?? null,
      lagSeconds: this.lagSeconds(),
      epoch: last?.manifest.epoch ?? null,
      files: last?.files ?? 0,
      bytes: last?.bytes ?? 0,
      conflicts: last?.kept ?? 0,
      skipped: last?.skipped ?? 0,
      waiting: last?.left.paths.slice(0, 5) ?? [],
    };
  }

  async #pull(): Promise<void> {
    if (!this.#active) return;
    const { clock, metrics } = this.#parts;
    const pulls = metrics.counter('hotstandby_sync_pulls_total', 'Synchronisations by outcome', ['outcome']);
    this.#cancelRetry();
    this.#pullSinceMs = clock.monotonicMs();
    try {
      const hints = this.#hints.splice(0);
      const result = await pull(
        this.#parts,
        () => this.#holder(),
        hints,
        () => this.#still(),
        this.#abort.signal,
      );
      if (!result) return this.#retry();
      pulls.add(1, { outcome: 'done' });
      await this.#done(result, clock.monotonicMs() - this.#pullSinceMs);
    } catch (error) {
      // Cut off by a change of roles: nobody's fault.
      if (!this.#active || !this.#isStandby()) return;
      pulls.add(1, { outcome: 'failed' });
      this.#behindSinceMs ??= this.#last?.atMs ?? clock.monotonicMs();
      this.#troubles.set('pull', asFault(error));
      this.#retry();
    } finally {
      this.#pullSinceMs = null;
    }
  }

  async #done(result: PullResult, durationMs: number): Promise<void> {
    const { bus, clock, place, metrics, emit, log } = this.#parts;
    const { files, bytes, changed, transferredBytes, manifest, left } = result;
    this.#last = { ...result, atMs: clock.monotonicMs(), atWallMs: clock.wallMs() };
    metrics.counter('hotstandby_sync_received_bytes_total', 'Bytes received from the active').add(transferredBytes);
    metrics.gauge('hotstandby_sync_files', 'Files that are in step with the active').set(files);
    if (changed > 0) {
      log.info('files brought from the active', { changed, files, bytes, transferredBytes, durationMs });
      await emit(
        'sync.completed',
        { files, bytes, changed, durationMs: Math.round(durationMs) },
        { epoch: manifest.epoch },
      );
    }
    this.#unsettled = left.paths.length > 0 ? this.#unsettled + 1 : 0;
    const restless = this.#unsettled >= unsettledPulls ? restlessFault(left.paths) : null;
    this.#troubles.set('pull', left.fault ?? restless);
    if (left.paths.length > 0) return this.#retry();
    this.#retryMs = firstRetryMs;
    // Something newer may have been announced while this was under way: its pull follows.
    const newest = this.#announcedAtWallMs === null || this.#announcedAtWallMs === manifest.madeAtWallMs;
    this.#behindSinceMs = newest ? null : clock.monotonicMs();
    const { node, epoch, madeAtWallMs } = { ...manifest, node: place.node };
    bus.publish(subjects.filesInstalled(place), { node, epoch, madeAtWallMs });
  }

  /** Who holds the lease, when it is the peer; null: nobody does at present. */
  async #holder(): Promise<Holder | null> {
    const { bus, place, settings } = this.#parts;
    const answer = await bus.request(subjects.describe(place), {}, askArbiterMs).catch((error: unknown) => {
      throw new CodedError('HS_NO_ANSWER', `the arbiter does not say who is active: ${String(error)}`);
    });
    const { active, epoch } = parse(arbiterDescription, answer, 'the answer of the arbiter');
    if (!active) return null;
    if (active.name === settings.peer) return { node: active.name, epoch };
    throw new CodedError('HS_SYNC_STALE', `${active.name} is active, and files come from ${settings.peer} only`);
  }

  #still(): void {
    this.#abort.signal.throwIfAborted();
    if (!this.#isStandby()) throw new CodedError('HS_BUSY', 'this node is not the standby any more');
  }

  #retry(): void {
    if (!this.#active) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#parts.clock.after(this.#retryMs, () => void this.#pulls.ask());
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }
}

function restlessFault(paths: string[]) {
  const message = `${paths.length} files change faster than they can be copied, the first is ${paths[0]}`;
  const cure = 'Exclude files that are written all the time, such as databases; logs that only grow are no trouble.';
  return { code: 'HS_SYNC_DIGEST', message, cure };
}
