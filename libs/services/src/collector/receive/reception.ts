import { decodeFrame, encodeFrame, sieveFrame } from '@hotstandby/core/frame';
import type {
  Cancel,
  Clock,
  Counter,
  Datagram,
  ListenRequest,
  Logger,
  Metrics,
  Received,
  ReceivedFrame,
  Receiver,
  SenderRules,
  TelemetryKind,
} from '@hotstandby/ports';
import type { Losses } from '../losses.ts';
import { pause } from '../waiting-time.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { Framer } from './framer.ts';
import type { IngestQueue } from './ingest-queue.ts';
import type { Listeners, PortState, Via } from './listeners.ts';
import type { TrapAnswers } from './trap-answers.ts';

interface Parts {
  receiver: Receiver;
  listeners: Listeners;
  queue: IngestQueue;
  doorkeeper: Doorkeeper;
  answers: TrapAnswers;
  losses: Losses;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  frameBytes: number;
  frameDelayMs: number;
  /** Whether this node is active right now: it alone answers informs. */
  isActive: () => boolean;
  /** Those of this host that go to the other node with the role. */
  movingAddresses: readonly string[];
  /** Sees everything that was taken. */
  look: (received: Received) => void;
}

interface Inform {
  datagram: Datagram;
  via: Via;
  answer: Uint8Array;
}
/** Nobody has to look at it. */
const everything: { kept: Datagram[] | null; informs: Inform[] } = { kept: null, informs: [] };

const lookAtKernelEveryMs = 2000;
const rateWindowMs = 5000;
/** While frames pile up in memory, senders with connections are asked to wait for so long, again and again. */
const pressedMs = 100;
/** Senders with connections are told to go: that word, and what they said before, is on its way for no longer than this. */
const seeOffMs = 200;
/** Under a flood the kernel's buffers are never empty, but what was in them is out by then. */
const emptyBuffersMs = 200;

/** From the sockets to INGEST, in both roles: frames go out when they are full or old enough. Decodes nothing. */
export class Reception {
  readonly #parts: Parts;
  readonly #framer: Framer;
  readonly #received: Counter;
  readonly #receivedByKind = { syslog: 0, trap: 0, flow: 0 };
  #requests: ListenRequest[] = [];
  /** By `openSockets`. */
  #opened = false;
  #openedAfterMs: number | null = null;
  #cancelFlush: Cancel | null = null;
  #cancelTimers: Cancel[] = [];
  #kernelDrops = 0;
  #rate = { total: 0, perSecond: 0 };

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#framer = new Framer(parts.frameBytes);
    this.#received = parts.metrics.counter(
      'hotstandby_collector_received_datagrams_total',
      'Datagrams taken from the sockets, by kind',
      ['kind'],
    );
  }

  /** `cold`: the sockets stay shut until `openSockets`. */
  async start(requests: ListenRequest[], standby: 'hot' | 'cold'): Promise<void> {
    const { clock, queue, doorkeeper } = this.#parts;
    doorkeeper.start();
    this.#requests = requests;
    void queue.open();
    this.#cancelTimers = [
      clock.every(lookAtKernelEveryMs, () => void this.#lookAtKernel()),
      clock.every(rateWindowMs, () => this.#measure()),
    ];
    if (standby === 'hot') await this.#listen();
  }

  /** For a cold standby that takes over. */
  async openSockets(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    const { clock, log } = this.#parts;
    const beganMs = clock.monotonicMs();
    await this.#listen();
    this.#openedAfterMs = clock.monotonicMs() - beganMs;
    log.info('the sockets are open', { afterMs: Math.round(this.#openedAfterMs * 10) / 10 });
  }

  /** What was received goes into INGEST. */
  closeSockets(): void {
    if (!this.#opened) return;
    this.#opened = false;
    this.#parts.listeners.stop();
    this.#flush();
  }

  async #listen(): Promise<void> {
    const { listeners } = this.#parts;
    const isStream = ({ transport = 'udp' }: ListenRequest) => transport !== 'udp';
    const streams = this.#requests
      .filter(isStream)
      .map((request) => ({ ...request, senders: this.#sendersOf(request) }));
    await Promise.all([
      listeners.start(
        this.#requests.filter((request) => !isStream(request)),
        (received, via) => this.#take(this.#admitted(received), via),
      ),
      // They were admitted when they connected, and are held back when they send too much.
      listeners.start(streams, (received, via) => this.#take(received, via)),
    ]);
  }

  /** Closes the sockets and brings what was received into INGEST, with some patience. */
  async stop(patienceMs: number): Promise<void> {
    await this.#seeOff(null, new AbortController().signal);
    this.#parts.listeners.stop();
    this.#parts.doorkeeper.stop();
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
    this.#flush();
    const lost = await this.#parts.queue.stop(patienceMs);
    if (lost > 0) this.#parts.losses.add('all', 'memory', lost);
  }

  /**
   * Resolves when everything received so far is in INGEST, what was still in the kernel's buffers included; what comes
   * later waits in memory until `release`.
   */
  async hold(signal: AbortSignal): Promise<void> {
    const { clock, queue, receiver } = this.#parts;
    await this.#seeOff(this.#parts.movingAddresses, signal);
    const beganMs = clock.monotonicMs();
    await Promise.race([receiver.handOn?.(), pause(clock, emptyBuffersMs, signal)]);
    let unread = !receiver.handOn;
    while (unread && clock.monotonicMs() - beganMs < emptyBuffersMs) {
      unread = (await receiver.unreadBytes().catch(() => 0)) > 0;
      await pause(clock, 1, signal);
    }
    // Called off, or over, meanwhile: nobody would release what is held now.
    if (signal.aborted) return this.stay();
    this.#flush();
    await queue.hold();
  }

  release(): void {
    // The address of one that is not active any more is about to go: whoever connects to it meanwhile has to go, too.
    if (this.#parts.isActive()) this.stay();
    this.#parts.queue.release();
  }

  /** Whoever connects from now on may stay. */
  stay(): void {
    this.#parts.listeners.stay();
  }

  /**
   * Senders with connections go while what they have sent already is still read. Who only looks at the connection when it has something
   * to say finds it ended then, and who never looks is not waited for.
   */
  async #seeOff(addresses: readonly string[] | null, signal: AbortSignal): Promise<void> {
    if (addresses?.length === 0) return;
    const { clock, listeners } = this.#parts;
    await Promise.race([listeners.leave(addresses), pause(clock, seeOffMs, signal)]);
  }

  state(): {
    ports: PortState[];
    means: { name: string; note: string | null } | null;
    refused: ReturnType<Doorkeeper['state']>;
    received: Record<string, number>;
    perSecond: number;
    kernelDrops: number;
    /** Of a cold standby's last take-over; null: there was none. */
    openedAfterMs: number | null;
  } {
    return {
      means: this.#parts.receiver.means?.() ?? null,
      ports: this.#parts.listeners.states(),
      refused: this.#parts.doorkeeper.state(),
      received: { ...this.#receivedByKind },
      perSecond: this.#rate.perSecond,
      kernelDrops: this.#kernelDrops,
      openedAfterMs: this.#openedAfterMs,
    };
  }

  /** What is left of it of sources that may send now. It is of one kind. */
  #admitted(received: Received): Received {
    const { doorkeeper } = this.#parts;
    const kind = Array.isArray(received) ? received[0]?.kind : received.kind;
    if (!kind || doorkeeper.isOpen(kind)) return received;
    const admits = (source: string) => doorkeeper.admits(kind, source);
    if (Array.isArray(received)) return received.filter(({ sourceAddress }) => admits(sourceAddress));
    const { bytes, kept } = sieveFrame(received.bytes, admits);
    return bytes === null ? [] : { kind, bytes, datagrams: kept };
  }

  /** Who has a connection waits, too, while INGEST takes less than comes: what is not read yet cannot be lost here. */
  #sendersOf({ kind }: ListenRequest): SenderRules {
    const senders = this.#parts.doorkeeper.senders(kind);
    return {
      ...senders,
      holdBackMs: (source, messages) => {
        const held = senders.holdBackMs(source, messages);
        return this.#parts.queue.isPressed() ? Math.max(held, pressedMs) : held;
      },
    };
  }

  #take(received: Received, via: Via): void {
    if (!Array.isArray(received)) this.#takeFrame(received, via);
    else if (received.length > 0) this.#takeDatagrams(received, via);
    this.#parts.look(received);
  }

  /** It was gathered and bounded in age by the receiver: it goes out as it is. */
  #takeFrame(frame: ReceivedFrame, via: Via): void {
    const { kind } = frame;
    const { kept, informs } = kind === 'trap' ? this.#judged(decodeFrame(frame.bytes).datagrams, via) : everything;
    const datagrams = kept?.length ?? frame.datagrams;
    if (datagrams === 0) return;
    this.#count(kind, datagrams);
    const rest = kept && datagrams < frame.datagrams ? { kind, datagrams, bytes: encodeFrame(kept) } : frame;
    this.#parts.queue.put([rest], informs.length > 0 ? () => this.#answer(informs) : undefined);
  }

  /** They are of one kind. */
  #takeDatagrams(datagrams: Datagram[], via: Via): void {
    const kind = datagrams[0]?.kind ?? 'syslog';
    const { kept, informs } = kind === 'trap' ? this.#judged(datagrams, via) : everything;
    const taken = kept ?? datagrams;
    if (taken.length === 0) return;
    this.#count(kind, taken.length);
    const full = this.#framer.add(taken);
    if (informs.length > 0) {
      // Their senders wait, so they go out at once.
      this.#parts.queue.put([...full, ...this.#framer.flush()], () => this.#answer(informs));
      return;
    }
    if (full.length > 0) this.#parts.queue.put(full);
    this.#cancelFlush ??= this.#parts.clock.after(this.#parts.frameDelayMs, () => this.#flush());
  }

  /** What is telemetry, and what is to be answered of it. Talk between engines is answered here, and is none. */
  #judged(datagrams: Datagram[], via: Via): { kept: Datagram[]; informs: Inform[] } {
    const { answers, isActive } = this.#parts;
    const kept: Datagram[] = [];
    const informs: Inform[] = [];
    for (const datagram of datagrams) {
      const answered = answers.answerTo(datagram.bytes);
      if (answered?.keep !== false) kept.push(datagram);
      if (!answered || !isActive()) continue;
      const { answer } = answered;
      if (answered.keep) informs.push({ datagram, via, answer });
      else via.answer(datagram, answer);
    }
    return { kept, informs };
  }

  /** They are on disk: their senders need not repeat them. */
  #answer(informs: Inform[]): void {
    for (const { datagram, via, answer } of informs) if (this.#parts.isActive()) via.answer(datagram, answer);
  }

  #count(kind: TelemetryKind, datagrams: number): void {
    this.#receivedByKind[kind] += datagrams;
    this.#received.add(datagrams, { kind });
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const frames = this.#framer.flush();
    if (frames.length > 0) this.#parts.queue.put(frames);
  }

  async #lookAtKernel(): Promise<void> {
    try {
      const drops = await this.#parts.receiver.kernelDrops();
      this.#parts.losses.add('all', 'kernel', drops - this.#kernelDrops);
      this.#kernelDrops = Math.max(this.#kernelDrops, drops);
    } catch (error) {
      this.#parts.log.debug('the kernel does not tell its drops', { error: String(error) });
    }
  }

  #measure(): void {
    const { syslog, trap, flow } = this.#receivedByKind;
    const total = syslog + trap + flow;
    this.#rate = { total, perSecond: Math.round(((total - this.#rate.total) * 1000) / rateWindowMs) };
  }
}
