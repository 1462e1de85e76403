// How the benchmark stores flows: blocks of columns, wide columns as differences from a value in as few bytes as
// hold them all (none when they are all alike), and in front of them the runs: who sent how many rows, when, with which columns.
// What a datagram writes to memory is most of what storing costs, for everybody.
import { columnNames, type FlowColumns, type FlowRun, type FlowShape } from '@hotstandby/decoders';

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Columns of `extra` that a block has at most; the load generator's have fewer. */
const mostExtra = 32;
/** Each run's end, time, domain, exporter and shape; the last two by their numbers, which the text behind them explains. */
const wordsARun = 5;

export class FlowBlocks {
  readonly #four: Uint32Array[];
  readonly #two: Uint16Array[];
  readonly #one: Uint8Array[];
  /** Rows, bytes of the block, runs, bytes of text; then of each column the value and the width. */
  readonly #head = new Float64Array(4 + 2 * (columnNames.length + mostExtra));
  #runs = new Float64Array(1024);

  constructor(rows: number) {
    const slots = Array.from({ length: columnNames.length + mostExtra });
    this.#four = slots.map(() => new Uint32Array(rows));
    this.#two = slots.map(() => new Uint16Array(rows));
    this.#one = slots.map(() => new Uint8Array(rows));
  }

  /** The block of the rows in use, in pieces that are good until the next one. */
  of(columns: FlowColumns): Column[] {
    const { count, runs } = columns;
    const head = this.#head;
    head.fill(0);
    const text = this.#putRuns(runs);
    const pieces: Column[] = [head, this.#runs.subarray(0, runs.length * wordsARun), text];
    let bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const extra = Math.max(0, ...new Set(runs.map(({ shape }) => shape.extra.length)));
    const all = [...columnNames.map((name) => columns[name]), ...columns.extra.slice(0, extra)];
    for (const [slot, values] of all.entries()) {
      const piece = this.#pack(slot, values, count);
      if (!piece) continue;
      head[5 + 2 * slot] = piece.BYTES_PER_ELEMENT;
      const part = piece.subarray(0, count);
      pieces.push(part);
      bytes += part.byteLength;
    }
    head[0] = count;
    head[1] = bytes;
    head[2] = runs.length;
    head[3] = text.byteLength;
    return pieces;
  }

  #putRuns(runs: readonly FlowRun[]): Uint8Array {
    if (runs.length * wordsARun > this.#runs.length) this.#runs = new Float64Array(runs.length * wordsARun * 2);
    const exporters = new Map<string, number>();
    const shapes = new Map<FlowShape, number>();
    let at = 0;
    for (const { end, receivedAtMs, observationDomain, exporter, shape } of runs) {
      this.#runs[at] = end;
      this.#runs[at + 1] = receivedAtMs;
      this.#runs[at + 2] = observationDomain;
      this.#runs[at + 3] = numberOf(exporters, exporter);
      this.#runs[at + 4] = numberOf(shapes, shape);
      at += wordsARun;
    }
    const said = Array.from(shapes.keys(), ({ version, columns, extra }) => ({ version, columns: [...columns], extra }));
    const text = JSON.stringify({ exporters: [...exporters.keys()], shapes: said });
    return Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  }

  /** Null: all alike. What the others differ from goes to the head. */
  #pack(slot: number, values: Column, count: number): Column | null {
    if (values instanceof Float64Array) return this.#packWide(slot, values, count);
    if (!(values instanceof Uint32Array)) return values;
    const first = values[0] ?? 0;
    const bits = differentBits(values, count);
    if (bits >= 65_536) return values;
    this.#head[4 + 2 * slot] = first - (bits === 0 ? 0 : first % (bits < 256 ? 256 : 65_536));
    const [one, two] = [this.#one[slot], this.#two[slot]];
    if (bits === 0 || !one || !two) return null;
    return bits < 256 ? u32ToU8(values, one, count) : u32ToU16(values, two, count);
  }

  #packWide(slot: number, values: Float64Array, count: number): Column | null {
    rangeOfF64(values, count);
    const { least, span } = range;
    // NaN: a time that nobody knows.
    if (!(span < 2 ** 32)) return values;
    this.#head[4 + 2 * slot] = least;
    const [two, four] = [this.#two[slot], this.#four[slot]];
    if (span === 0 || !two || !four) return null;
    return span < 65_536 ? f64ToU16(values, least, two, count) : f64ToU32(values, least, four, count);
  }
}

function numberOf<Key>(numbers: Map<Key, number>, key: Key): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

// One loop for each type: each is then compiled for its own.

const range = { least: 0, span: 0 };

/** The span is NaN when one of them is. */
function rangeOfF64(values: Float64Array, count: number): void {
  let least = Infinity;
  let most = -Infinity;
  let sum = 0;
  for (let row = 0; row < count; row += 1) {
    const value = values[row]!;
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  }
  range.least = least;
  range.span = Number.isNaN(sum) ? NaN : most - least;
}

/** Those in which some value differs from the first. */
function differentBits(values: Uint32Array, count: number): number {
  const first = values[0]!;
  let bits = 0;
  for (let row = 0; row < count; row += 1) bits |= values[row]! ^ first;
  return bits >>> 0;
}

function f64ToU16(values: Float64Array, least: number, into: Uint16Array, count: number): Uint16Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]! - least;
  return into;
}

function f64ToU32(values: Float64Array, least: number, into: Uint32Array, count: number): Uint32Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]! - least;
  return into;
}

// An array of less bits keeps the lower ones.

function u32ToU16(values: Uint32Array, into: Uint16Array, count: number): Uint16Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]!;
  return into;
}

function u32ToU8(values: Uint32Array, into: Uint8Array, count: number): Uint8Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]!;
  return into;
}
