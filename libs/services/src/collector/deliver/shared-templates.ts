import { parseTemplateState, type PlainTemplate } from '@hotstandby/decoders';
import type { Cancel, Clock, Logger, TemplateStore } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';

interface Parts {
  store: TemplateStore;
  clock: Clock;
  log: Logger;
  limits: Pick<CollectorLimits, 'retry'>;
  /** A template of another process, of the other node or of before the start. */
  share: (template: PlainTemplate) => void;
}

const flushEveryMs = 500;
/** Templates that wait for a store that is away; beyond it the oldest go, and come again with their exporters' next announcement. */
const mostWaiting = 10_000;

/**
 * Keeps what was learned where replicas, the other node and the next process find it. INGEST alone teaches the last
 * minutes; an exporter may announce its templates twice an hour.
 */
export class SharedTemplates {
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  /** What the store is known to hold, by key. */
  readonly #kept = new Map<string, string>();
  readonly #waiting = new Map<string, PlainTemplate>();
  #cancelFlush: Cancel = () => {};
  #flushing = false;
  #away = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancelFlush = this.#parts.clock.every(flushEveryMs, () => void this.#flush());
    void this.#run();
  }

  async stop(): Promise<void> {
    this.#cancelFlush();
    this.#abort.abort();
    await this.#parts.store.close();
  }

  /** Learned from what this node received. */
  learned(templates: readonly PlainTemplate[]): void {
    for (const template of templates) {
      const key = keyOf(template);
      if (this.#kept.get(key) === contentOf(template)) continue;
      this.#waiting.delete(key);
      this.#waiting.set(key, template);
      if (this.#waiting.size <= mostWaiting) continue;
      for (const oldest of this.#waiting.keys()) {
        this.#waiting.delete(oldest);
        break;
      }
    }
  }

  state(): { kept: number; waiting: number } {
    return { kept: this.#kept.size, waiting: this.#waiting.size };
  }

  async #run(): Promise<void> {
    const { store, clock, log, limits } = this.#parts;
    const backoff = new Backoff(limits.retry);
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await store.watch((value) => this.#take(value), signal);
      } catch (error) {
        log.debug('shared flow templates cannot be read yet', { error: String(error) });
      }
      await pause(clock, backoff.next(), signal);
    }
  }

  #take(value: unknown): void {
    const [template] = parseTemplateState({ templates: [value], systemInits: [] }).templates;
    if (!template) return;
    if (this.#kept.size >= mostWaiting) this.#kept.clear();
    this.#kept.set(keyOf(template), contentOf(template));
    this.#parts.share(template);
  }

  async #flush(): Promise<void> {
    if (this.#flushing || this.#waiting.size === 0) return;
    this.#flushing = true;
    try {
      for (const [key, template] of this.#waiting) {
        if (this.#abort.signal.aborted) break;
        // Meanwhile another process may have kept it.
        if (this.#kept.get(key) !== contentOf(template)) await this.#parts.store.put(template);
        this.#kept.set(key, contentOf(template));
        if (this.#waiting.get(key) === template) this.#waiting.delete(key);
      }
      if (this.#away) this.#parts.log.info('flow templates are shared again');
      this.#away = false;
    } catch (error) {
      if (!this.#away)
        this.#parts.log.warn('flow templates cannot be shared; it is tried again', { error: String(error) });
      this.#away = true;
    }
    this.#flushing = false;
  }
}

const keyOf = ({ exporter, version, observationDomain, templateId }: PlainTemplate): string =>
  `${exporter} ${version} ${observationDomain} ${templateId}`;

const contentOf = ({ scopeFields, fields }: PlainTemplate): string => `${scopeFields} ${fields.join(';')}`;
