/**
 * What columns of flows are for: `flows` holds all that a record would, `sums` only what is summed by minute (addresses,
 * ports, protocol, interfaces, packets, octets), of more templates and in less time.
 */
export type ColumnsHold = 'flows' | 'sums';

const constructors = {
  startMs: Float64Array,
  endMs: Float64Array,
  packets: Float64Array,
  octets: Float64Array,
  sourceAddress: Uint32Array,
  destinationAddress: Uint32Array,
  inputInterface: Uint32Array,
  outputInterface: Uint32Array,
  sourcePort: Uint16Array,
  destinationPort: Uint16Array,
  tcpFlags: Uint16Array,
  protocol: Uint8Array,
  tos: Uint8Array,
} as const;

export type ColumnName = keyof typeof constructors;
export const columnNames = Object.keys(constructors) as ColumnName[];

/** A column of `FlowColumns.extra`. */
export interface ExtraColumn {
  /** In the record's `extra`. */
  name: string;
  kind: 'unsigned' | 'ipv4';
}

/** What is alike in all flows of a template. */
export interface FlowShape {
  version: 5 | 9 | 10;
  /** What the template has; the others are 0 in its rows. */
  columns: ReadonlySet<ColumnName>;
  /** What the columns in `extra` hold in its rows, from the first; the others hold nothing of use. */
  extra: readonly ExtraColumn[];
}

/** Rows that follow each other: of one template, exporter and time of reception. */
export interface FlowRun {
  exporter: string;
  /** Wall clock at reception, ms since 1970. */
  receivedAtMs: number;
  observationDomain: number;
  shape: FlowShape;
  /** The row behind its last. */
  end: number;
}

/** A message of INGEST holds about 1300 flows. */
const usualRows = 2048;
/** A message whose flows are an octet each makes the columns this many times as large as usual, and they do not stay so. */
const mostKept = 8;

/**
 * Flows as columns: row n of each array is one flow, for whoever sums or stores very many. Filled by `decodeFlowColumns`. An
 * IPv4 address is a number (192.0.2.1 is 0xc0000201).
 */
export class FlowColumns {
  readonly holds: ColumnsHold;
  /** Rows in use. */
  count = 0;
  /** ms since 1970; NaN (version 5 only): the exporter's clock gives no time. */
  startMs = new Float64Array(0);
  endMs = new Float64Array(0);
  /** Exact. */
  packets = new Float64Array(0);
  octets = new Float64Array(0);
  sourceAddress = new Uint32Array(0);
  destinationAddress = new Uint32Array(0);
  inputInterface = new Uint32Array(0);
  outputInterface = new Uint32Array(0);
  sourcePort = new Uint16Array(0);
  destinationPort = new Uint16Array(0);
  tcpFlags = new Uint16Array(0);
  protocol = new Uint8Array(0);
  tos = new Uint8Array(0);
  /** What else flows have, as many columns as some template needed so far. */
  readonly extra: Uint32Array[] = [];
  /** The same arrays: those with a name in the order of `columnNames`, then `extra`. */
  readonly slots: (Float64Array | Uint32Array | Uint16Array | Uint8Array)[] = [];
  readonly runs: FlowRun[] = [];
  readonly #usualRows: number;

  constructor(holds: ColumnsHold, rows = usualRows) {
    this.holds = holds;
    this.#usualRows = rows;
    this.#resize(rows);
  }

  get capacity(): number {
    return this.sourceAddress.length;
  }

  /** Room for so many rows more, with so many columns in `extra`; the arrays may be others behind it. */
  reserve(rows: number, extra: number): void {
    if (this.count + rows > this.capacity) this.#resize(Math.max(this.capacity * 2, this.count + rows));
    while (this.extra.length < extra) {
      this.extra.push(new Uint32Array(this.capacity));
      this.#setSlots();
    }
  }

  /** The rows from the last run's end up to `end` are in use, and of one template. */
  endRun(shape: FlowShape, exporter: string, observationDomain: number, receivedAtMs: number, end: number): void {
    if (end === this.count) return;
    this.count = end;
    const last = this.runs.at(-1);
    const goesOn =
      last?.shape === shape &&
      last.receivedAtMs === receivedAtMs &&
      last.exporter === exporter &&
      last.observationDomain === observationDomain;
    if (goesOn) last.end = end;
    else this.runs.push({ exporter, receivedAtMs, observationDomain, shape, end });
  }

  /** Only the first `rows` are in use any more. */
  truncate(rows: number): void {
    this.count = rows;
    while (this.runs.length > 0 && (this.runs.at(-2)?.end ?? 0) >= rows) this.runs.pop();
    const last = this.runs.at(-1);
    if (last) last.end = Math.min(last.end, rows);
    if (rows === 0 && this.capacity > this.#usualRows * mostKept) this.#resize(this.#usualRows);
  }

  #resize(rows: number): void {
    const kept = this.count;
    const resized = columnNames.map((name) => {
      const array = new constructors[name](rows);
      array.set(this[name].subarray(0, kept));
      return [name, array] as const;
    });
    Object.assign(this, Object.fromEntries(resized));
    for (const [slot, values] of this.extra.entries()) {
      const array = new Uint32Array(rows);
      array.set(values.subarray(0, kept));
      this.extra[slot] = array;
    }
    this.#setSlots();
  }

  #setSlots(): void {
    this.slots.splice(0, this.slots.length, ...columnNames.map((name) => this[name]), ...this.extra);
  }
}
