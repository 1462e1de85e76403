import { createSocket, type Socket } from 'node:dgram';

export interface StoredMessage {
  id: number;
  sequence: number;
  epoch: number;
}

interface Gap {
  what: string;
  fromMs: number;
  toMs: number;
}

const everyMs = 20;
/** Before a disturbance and after it, so that what goes wrong at either end can be told from what was before. */
const marginMs = 1000;

/** Numbered syslog messages (RFC 5424) to several nodes at once, and what must have become of them. */
export class Telemetry {
  readonly run = `${process.pid}-${Math.floor(Math.random() * 2 ** 31)}`;
  readonly #socket: Socket = createSocket('udp4');
  readonly #addresses: string[];
  readonly #port: number;
  readonly #sentAtMs: number[] = [];
  readonly #gaps: Gap[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(addresses: string[], port: number) {
    this.#addresses = addresses;
    this.#port = port;
    this.#socket.on('error', () => {});
    // A port that nobody has at the moment answers with ICMP: part of the scenario.
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  get sent(): number {
    return this.#sentAtMs.length;
  }

  /** Whatever is done to one node, the other one is fed, too: nothing of what is sent meanwhile may be lost or doubled. */
  async disturbance(what: string, hurt: () => Promise<void>): Promise<void> {
    await pause(marginMs);
    const gap: Gap = { what, fromMs: Date.now() - marginMs, toMs: Number.POSITIVE_INFINITY };
    this.#gaps.push(gap);
    await hurt();
    gap.toMs = Date.now() + marginMs;
    await pause(marginMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  close(): void {
    this.stop();
    this.#socket.close();
  }

  /** Of the first `count` messages: sentences about what is missing, and what is there twice. */
  faultsOf(stored: StoredMessage[], count: number): string[] {
    const copies = new Map<number, number>();
    for (const { sequence } of stored) copies.set(sequence, (copies.get(sequence) ?? 0) + 1);
    const doubled = [...copies].filter(([, count]) => count > 1).map(([sequence]) => sequence);
    const missing = this.#sentAtMs.slice(0, count).flatMap((_, sequence) => (copies.has(sequence) ? [] : [sequence]));
    return [
      ...(doubled.length > 0 ? [`${doubled.length} stored twice, around ${this.#around(doubled)}`] : []),
      ...(missing.length > 0 ? [`${missing.length} not stored, around ${this.#around(missing)}`] : []),
    ];
  }

  /** How many of those that were sent during the named disturbance are stored, and how many were sent. */
  within(what: string, stored: StoredMessage[]): { sent: number; stored: number } {
    const there = new Set(stored.map(({ sequence }) => sequence));
    const gap = this.#gaps.find((one) => one.what === what);
    if (!gap) throw new Error(`no disturbance "${what}"`);
    const mine = this.#sentAtMs.flatMap((atMs, sequence) => (atMs >= gap.fromMs && atMs <= gap.toMs ? [sequence] : []));
    return { sent: mine.length, stored: mine.filter((sequence) => there.has(sequence)).length };
  }

  /** Ranges of numbers with the disturbance that came nearest before each. */
  #around(sequences: number[]): string {
    const groups: { first: number; last: number }[] = [];
    for (const sequence of sequences) {
      const last = groups.at(-1);
      if (last && sequence - last.last <= 5) last.last = sequence;
      else groups.push({ first: sequence, last: sequence });
    }
    return groups
      .slice(0, 10)
      .map(({ first, last }) => {
        const atMs = this.#sentAtMs[first] ?? 0;
        const before = this.#gaps.filter((gap) => gap.fromMs <= atMs).at(-1);
        const since = before
          ? `${((atMs - before.fromMs - marginMs) / 1000).toFixed(1)} s after "${before.what}"`
          : 'the start';
        return `${first}..${last} (${since})`;
      })
      .join(', ');
  }

  #send(): void {
    const sequence = this.#sentAtMs.length;
    const atMs = Date.now();
    this.#sentAtMs.push(atMs);
    const data = `[scenario@32473 run="${this.run}" seq="${sequence}"]`;
    const text = `<134>1 ${new Date(atMs).toISOString()} scenario-host scenario - seq ${data} message ${sequence}`;
    for (const address of this.#addresses) this.#socket.send(text, this.#port, address, () => {});
  }
}

export const storedMessagesQuery = `
  select id::int as id, (structured_data->'scenario@32473'->>'seq')::int as sequence, epoch::int as epoch
    from syslog_message where structured_data->'scenario@32473'->>'run' = $1 order by stored_at, id`;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
