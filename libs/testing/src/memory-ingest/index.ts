import type { Clock, Ingest, IngestBounds, IngestMessage } from '@hotstandby/ports';

interface Stored {
  id: string;
  sequence: number;
  frame: Uint8Array;
  storedAtMs: number;
}

interface Consumer {
  /** Sequence of the next message that was never delivered. */
  next: number;
  /** Delivered and not settled: due again at this time. */
  unsettled: Map<number, number>;
}

const ackWaitMs = 30_000;
const duplicateWindowMs = 120_000;

/**
 * INGEST inside one process, for unit tests: it outlives the services that use it, as the node's server does.
 * `setAway` makes it a server that does not answer.
 */
export class MemoryIngest implements Ingest {
  readonly #clock: Clock;
  readonly #messages: Stored[] = [];
  readonly #ids = new Map<string, number>();
  readonly #consumers = new Map<string, Consumer>();
  #sequence = 0;
  #away = false;
  #loseAnswers = 0;
  #wakers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setAway(away: boolean): void {
    this.#away = away;
    this.#wake();
  }

  /** The next `count` appends are stored, and their answers lost. */
  loseAnswers(count: number): void {
    this.#loseAnswers = count;
  }

  frames(): Uint8Array[] {
    return this.#messages.map((message) => message.frame);
  }

  consumerNames(): string[] {
    return [...this.#consumers.keys()];
  }

  async open(_bounds: IngestBounds): Promise<void> {
    this.#mustAnswer();
  }

  async append(frame: Uint8Array, id: string): Promise<void> {
    this.#mustAnswer();
    const nowMs = this.#clock.wallMs();
    const earlierMs = this.#ids.get(id);
    if (earlierMs === undefined || nowMs - earlierMs > duplicateWindowMs) {
      this.#messages.push({ id, sequence: ++this.#sequence, frame, storedAtMs: nowMs });
      this.#ids.set(id, nowMs);
      this.#wake();
    }
    if (this.#loseAnswers > 0) {
      this.#loseAnswers--;
      throw new Error('no answer');
    }
  }

  async consume(
    consumer: { name: string; from: { startTimeMs: number } | 'first' },
    limits: { maxMessages: number; maxBytes: number },
    handler: (batch: IngestMessage[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const batch = this.#away ? [] : this.#due(this.#consumer(consumer), limits);
      if (batch.length > 0) await handler(batch.map((stored) => this.#handOver(consumer.name, stored)));
      else await this.#change(signal);
    }
  }

  async watch(
    from: { startTimeMs: number } | 'end',
    handler: (message: Omit<IngestMessage, 'ack' | 'retry'>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let next = from === 'end' ? this.#sequence + 1 : this.#firstAt(from.startTimeMs);
    while (!signal.aborted) {
      const fresh = this.#away ? [] : this.#messages.filter((message) => message.sequence >= next);
      for (const { id, sequence, frame } of fresh) {
        handler({ id, sequence, frame });
        next = sequence + 1;
      }
      if (fresh.length === 0) await this.#change(signal);
    }
  }

  async read(from: { startTimeMs: number } | { sequence: number }, most: { messages: number; bytes: number }) {
    this.#mustAnswer();
    const first = 'sequence' in from ? from.sequence : this.#firstAt(from.startTimeMs);
    const there = this.#messages.filter(({ sequence }) => sequence >= first);
    const messages = there.slice(0, most.messages).map(({ id, sequence, frame }) => ({ id, sequence, frame }));
    const keptSinceMs = this.#messages[0]?.storedAtMs ?? null;
    return { messages, end: there.length <= most.messages, lastSequence: this.#sequence, keptSinceMs };
  }

  async forgetConsumers(keep: string): Promise<void> {
    this.#mustAnswer();
    for (const name of this.#consumers.keys())
      if (name !== keep && !name.startsWith(`${keep}-`)) this.#consumers.delete(name);
  }

  async backlog(name: string): Promise<number> {
    this.#mustAnswer();
    const consumer = this.#consumers.get(name);
    if (!consumer) return 0;
    return consumer.unsettled.size + this.#messages.filter((message) => message.sequence >= consumer.next).length;
  }

  async settledBeforeMs(name: string): Promise<number | null> {
    this.#mustAnswer();
    const consumer = this.#consumers.get(name);
    if (!consumer) return null;
    const open = this.#messages.find(({ sequence }) => sequence >= consumer.next || consumer.unsettled.has(sequence));
    return open?.storedAtMs ?? this.#clock.wallMs();
  }

  async position(name: string): Promise<{ firstKeptSequence: number; handedOverSequence: number } | null> {
    this.#mustAnswer();
    const consumer = this.#consumers.get(name);
    if (!consumer) return null;
    return {
      firstKeptSequence: this.#messages[0]?.sequence ?? this.#sequence + 1,
      handedOverSequence: consumer.next - 1,
    };
  }

  /** What the stream's bounds do: the oldest go. */
  evict(count: number): void {
    this.#messages.splice(0, count);
  }

  #consumer({ name, from }: { name: string; from: { startTimeMs: number } | 'first' }): Consumer {
    let consumer = this.#consumers.get(name);
    if (!consumer) {
      consumer = { next: from === 'first' ? 1 : this.#firstAt(from.startTimeMs), unsettled: new Map() };
      this.#consumers.set(name, consumer);
    }
    return consumer;
  }

  #firstAt(startTimeMs: number): number {
    return this.#messages.find((message) => message.storedAtMs >= startTimeMs)?.sequence ?? this.#sequence + 1;
  }

  #due(consumer: Consumer, limits: { maxMessages: number; maxBytes: number }): Stored[] {
    const nowMs = this.#clock.monotonicMs();
    const due: Stored[] = [];
    let bytes = 0;
    for (const stored of this.#messages) {
      const again = consumer.unsettled.get(stored.sequence);
      const fresh = stored.sequence >= consumer.next;
      if (!fresh && (again === undefined || again > nowMs)) continue;
      if (due.length >= limits.maxMessages || (due.length > 0 && bytes + stored.frame.length > limits.maxBytes)) break;
      bytes += stored.frame.length;
      due.push(stored);
      consumer.unsettled.set(stored.sequence, nowMs + ackWaitMs);
      consumer.next = Math.max(consumer.next, stored.sequence + 1);
    }
    return due;
  }

  #handOver(name: string, { id, sequence, frame }: Stored): IngestMessage {
    const unsettled = this.#consumers.get(name)?.unsettled;
    return {
      id,
      sequence,
      frame,
      ack: () => void unsettled?.delete(sequence),
      retry: (delayMs) => {
        if (!unsettled?.has(sequence)) return;
        unsettled.set(sequence, this.#clock.monotonicMs() + delayMs);
        this.#clock.after(delayMs, () => this.#wake());
      },
    };
  }

  #mustAnswer(): void {
    if (this.#away) throw new Error('INGEST is away');
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wakers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wakers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    const now = [...this.#wakers];
    for (const wake of now) wake();
  }
}
