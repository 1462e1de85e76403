const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const nul = 0;
/** Up to 999,999,999 octets may be announced; what is beyond the bound of a message is skipped. */
const mostDigits = 9;

/** How a stream tells its messages apart: RFC 6587 sections 3.4.1 and 3.4.2; RFC 5425 section 4.3 allows only the first. */
export type StreamFraming = 'octet counting' | 'non-transparent';

type State = 'undecided' | 'count' | 'message' | 'line' | 'failed';

/**
 * Takes syslog messages out of the octets of one connection. The first octets decide the framing: digits and a space are
 * octet counting, anything else is ended by a line feed or NUL. Messages are views into the chunk or copies. Every octet is
 * looked at once, and no more than `maxMessageBytes` are kept, however the octets are cut into chunks. Never throws.
 */
export class SyslogStream {
  readonly #maxMessageBytes: number;
  #state: State = 'undecided';
  #fault: string | null = null;
  #digits = 0;
  #count = 0;
  /** Of the message that is being counted: octets yet to come. */
  #missing = 0;
  #kept: Uint8Array = new Uint8Array(0);
  #keptBytes = 0;
  #truncating = false;
  #truncated = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Null until enough has come to tell. */
  get framing(): StreamFraming | null {
    if (this.#state === 'undecided') return null;
    return this.#state === 'line' ? 'non-transparent' : 'octet counting';
  }

  /** Why nothing behind this point can be read any more; null: nothing is wrong. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Whether a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#digits > 0 || this.#missing > 0 || this.#keptBytes > 0;
  }

  /** Messages that were longer than the bound; their first octets were given. */
  get truncated(): number {
    return this.#truncated;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length && this.#state !== 'failed') {
      switch (this.#state) {
        case 'undecided':
          at = this.#decide(chunk, at);
          break;
        case 'count':
          at = this.#readCount(chunk, at);
          break;
        case 'message':
          at = this.#readCounted(chunk, at, messages);
          break;
        case 'line':
          at = this.#readLines(chunk, at, messages);
          break;
      }
    }
    return messages;
  }

  /** The connection ended: what came of a message that did not. Null: there is nothing. */
  end(): Uint8Array | null {
    const hasDigits = this.#state === 'undecided' && this.#digits > 0;
    const rest = hasDigits ? this.#digitsAsText() : this.#keptBytes > 0 ? this.#takeKept() : null;
    this.#state = 'failed';
    this.#digits = 0;
    this.#missing = 0;
    return rest && isBlank(rest) ? null : rest;
  }

  #decide(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at += 1) {
      const octet = chunk[at] ?? 0;
      if (this.#addDigit(octet)) continue;
      if (octet === space && this.#digits > 0) return this.#begin(at + 1);
      break;
    }
    if (at === chunk.length) return at;
    // The digits are the beginning of a text.
    if (this.#digits > 0) this.#keep(this.#digitsAsText());
    this.#digits = 0;
    this.#state = 'line';
    return at;
  }

  #readCount(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at += 1) {
      const octet = chunk[at] ?? 0;
      if (this.#addDigit(octet)) continue;
      if (octet === space && this.#digits > 0) return this.#begin(at + 1);
      // Some senders end counted messages with a line end, too, and do not count it.
      if (this.#digits === 0 && (octet === lineFeed || octet === carriageReturn)) continue;
      this.#state = 'failed';
      this.#fault = this.#digits >= mostDigits ? 'a message length of more than 9 digits' : 'no message length';
      return chunk.length;
    }
    return at;
  }

  /** True: it was a digit that may stand there. */
  #addDigit(octet: number): boolean {
    const isDigit = octet >= 0x30 && octet <= 0x39;
    if (!isDigit || this.#digits >= mostDigits || (this.#digits === 0 && octet === 0x30)) return false;
    this.#count = this.#digits === 0 ? octet - 0x30 : this.#count * 10 + octet - 0x30;
    this.#digits += 1;
    return true;
  }

  #digitsAsText(): Uint8Array {
    return Uint8Array.from(String(this.#count), (digit) => digit.charCodeAt(0));
  }

  #begin(at: number): number {
    this.#missing = this.#count;
    this.#digits = 0;
    this.#truncating = this.#count > this.#maxMessageBytes;
    this.#state = 'message';
    return at;
  }

  #readCounted(chunk: Uint8Array, at: number, messages: Uint8Array[]): number {
    const end = Math.min(chunk.length, at + this.#missing);
    const whole = this.#keptBytes === 0 && end - at === this.#missing && !this.#truncating;
    if (whole) add(messages, chunk.subarray(at, end));
    else this.#keep(chunk.subarray(at, end));
    this.#missing -= end - at;
    if (this.#missing > 0) return end;
    if (!whole) this.#endMessage(messages);
    this.#state = 'count';
    return end;
  }

  #readLines(chunk: Uint8Array, from: number, messages: Uint8Array[]): number {
    let at = from;
    // Each is looked for again only behind where it was found: a chunk is passed over twice, whatever is in it.
    let nextNul = -1;
    let nextLineFeed = -1;
    while (at < chunk.length) {
      if (nextNul < at) nextNul = nextOf(chunk, nul, at);
      if (nextLineFeed < at) nextLineFeed = nextOf(chunk, lineFeed, at);
      const end = Math.min(nextLineFeed, nextNul);
      const isWhole = end < chunk.length;
      if (isWhole && this.#keptBytes === 0 && end - at <= this.#maxMessageBytes) add(messages, chunk.subarray(at, end));
      else {
        this.#keep(chunk.subarray(at, end));
        if (isWhole) this.#endMessage(messages);
      }
      at = end + 1;
    }
    return chunk.length;
  }

  #endMessage(messages: Uint8Array[]): void {
    if (this.#truncating) this.#truncated += 1;
    this.#truncating = false;
    add(messages, this.#takeKept());
  }

  /** Keeps octets of a message that is not whole yet, up to the bound. The space doubles, so each octet is moved at most twice. */
  #keep(octets: Uint8Array): void {
    const room = this.#maxMessageBytes - this.#keptBytes;
    if (octets.length > room) this.#truncating = true;
    const taken = octets.subarray(0, room);
    const needed = this.#keptBytes + taken.length;
    if (needed > this.#kept.length) {
      const larger = new Uint8Array(Math.min(this.#maxMessageBytes, Math.max(needed, 2 * this.#kept.length, 256)));
      larger.set(this.#kept.subarray(0, this.#keptBytes));
      this.#kept = larger;
    }
    this.#kept.set(taken, this.#keptBytes);
    this.#keptBytes = needed;
  }

  #takeKept(): Uint8Array {
    const message = this.#kept.subarray(0, this.#keptBytes);
    this.#kept = new Uint8Array(0);
    this.#keptBytes = 0;
    return message;
  }
}

/** Nothing, or a carriage return alone, is no message. */
function add(messages: Uint8Array[], message: Uint8Array): void {
  if (!isBlank(message)) messages.push(message);
}

function isBlank(message: Uint8Array): boolean {
  return message.length === 0 || (message.length === 1 && message[0] === carriageReturn);
}

/** The chunk's length when there is none. */
function nextOf(chunk: Uint8Array, octet: number, from: number): number {
  const found = chunk.indexOf(octet, from);
  return found === -1 ? chunk.length : found;
}
