// How the benchmark stores flows: blocks of columns, wide columns as differences from their smallest value in as few bytes as
// hold them all (none when they are all alike). What a datagram writes to memory is most of what storing costs, for everybody.
import { columnNames, type FlowColumns } from '@hotstandby/decoders';

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

export class FlowBlocks {
  readonly #columns: FlowColumns;
  readonly #four: Map<string, Uint32Array>;
  readonly #two: Map<string, Uint16Array>;
  /** Rows, bytes of the block; then of each column its smallest value and its width. */
  readonly #head = new Float64Array(2 + 2 * columnNames.length);

  constructor(columns: FlowColumns) {
    this.#columns = columns;
    this.#four = new Map(columnNames.map((name) => [name, new Uint32Array(columns.capacity)]));
    this.#two = new Map(columnNames.map((name) => [name, new Uint16Array(columns.capacity)]));
  }

  /** The block of the rows in use, in pieces that are good until the next one; the columns are then empty. */
  take(): Column[] {
    const { count } = this.#columns;
    const pieces: Column[] = [this.#head];
    let bytes = this.#head.byteLength;
    for (const [index, name] of columnNames.entries()) {
      const piece = this.#pack(name, this.#columns[name], count, 2 + 2 * index);
      this.#head[3 + 2 * index] = piece?.BYTES_PER_ELEMENT ?? 0;
      if (!piece) continue;
      const part = piece.subarray(0, count);
      pieces.push(part);
      bytes += part.byteLength;
    }
    this.#head[0] = count;
    this.#head[1] = bytes;
    this.#columns.count = 0;
    return pieces;
  }

  /** Null: all alike. The smallest value goes to the head. */
  #pack(name: string, values: Column, count: number, at: number): Column | null {
    this.#head[at] = 0;
    if (!(values instanceof Float64Array) && !(values instanceof Uint32Array)) return values;
    const isWide = values instanceof Float64Array;
    if (isWide) rangeOfF64(values, count);
    else rangeOfU32(values, count);
    const { least, span } = range;
    // NaN: a time that nobody knows.
    if (!(span < 2 ** 32) || (!isWide && span >= 65_536)) return values;
    this.#head[at] = least;
    if (span === 0) return null;
    const two = this.#two.get(name);
    const four = this.#four.get(name);
    if (!two || !four) return values;
    if (isWide) return span < 65_536 ? f64ToU16(values, least, two, count) : f64ToU32(values, least, four, count);
    return u32ToU16(values, least, two, count);
  }
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

function rangeOfU32(values: Uint32Array, count: number): void {
  let least = values[0]!;
  let most = least;
  for (let row = 1; row < count; row += 1) {
    const value = values[row]!;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  range.least = least;
  range.span = most - least;
}

function f64ToU16(values: Float64Array, least: number, into: Uint16Array, count: number): Uint16Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]! - least;
  return into;
}

function f64ToU32(values: Float64Array, least: number, into: Uint32Array, count: number): Uint32Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]! - least;
  return into;
}

function u32ToU16(values: Uint32Array, least: number, into: Uint16Array, count: number): Uint16Array {
  for (let row = 0; row < count; row += 1) into[row] = values[row]! - least;
  return into;
}
