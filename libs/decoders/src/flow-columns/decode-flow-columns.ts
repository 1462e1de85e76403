import type { ExportClock } from '../netflow/flow-time.ts';
import { readMessageHeader, walkSets } from '../netflow/message.ts';
import type { RecordPlan } from '../netflow/record-plan.ts';
import type { TemplateCache } from '../netflow/template-cache.ts';
import type { DatagramContext } from '../records.ts';
import { planColumns, type ColumnPlan } from './column-plan.ts';
import { columnNames, type ColumnName, type FlowColumns } from './flow-columns.ts';
import { readV5Columns } from './read-v5-columns.ts';
import { columnReader, type ColumnReader, type Fields } from './read-column.ts';

const headerBytesV5 = 24;
const recordBytesV5 = 48;

/** A template's flows: one reader a field. */
interface Reading {
  readers: { read: ColumnReader; offset: number }[];
  recordBytes: number;
  /** Columns that the template does not fill. */
  empty: { fill(value: number, from: number, to: number): unknown }[];
}

/**
 * Reads the flows of NetFlow 5, 9 and IPFIX straight into the columns that it was made for, behind those that are there.
 */
export class FlowColumnDecoder {
  readonly #templates: TemplateCache;
  readonly #columns: FlowColumns;
  readonly #readings = new WeakMap<RecordPlan, { reading: Reading | null }>();
  readonly #fields: Fields = {
    view: new DataView(new ArrayBuffer(0)),
    offset: 0,
    stride: 0,
    row: 0,
    end: 0,
    clock: { exportMs: 0, bootMs: null },
  };

  constructor(templates: TemplateCache, columns: FlowColumns) {
    this.#templates = templates;
    this.#columns = columns;
  }

  /**
   * Takes a datagram as a whole or not at all. Gives how many flows it had, or -1 when something in it has no place in columns
   * (a template, options, IPv6, fields of other kinds, a fault) or no room is left; `decodeFlows` reads those. `exporter`:
   * the sender's IPv4 address as a number.
   */
  decode(bytes: Uint8Array, context: DatagramContext, exporter: number): number {
    if (bytes.length < 2) return -1;
    const columns = this.#columns;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const version = view.getUint16(0);
    const from = columns.count;
    let taken = -1;
    if (version === 5) taken = this.#decodeV5(view);
    else if (version === 9 || version === 10) taken = this.#decodeSets(view, version, context);
    if (taken < 0) {
      columns.count = from;
      return -1;
    }
    const to = columns.count;
    const { receivedAtMs, exporter: exporters, version: versions } = columns;
    // For a few rows a loop is quicker than `fill`.
    for (let row = from; row < to; row += 1) {
      receivedAtMs[row] = context.receivedAtMs;
      exporters[row] = exporter;
      versions[row] = version;
    }
    return to - from;
  }

  #decodeV5(view: DataView): number {
    if (view.byteLength < headerBytesV5) return -1;
    const count = view.getUint16(2);
    // A sampled exporter has a field more.
    if (view.byteLength !== headerBytesV5 + count * recordBytesV5 || view.getUint16(22) !== 0) return -1;
    const exportMs = view.getUint32(8) * 1000 + Math.floor(view.getUint32(12) / 1_000_000);
    const clock = { exportMs, bootMs: exportMs - view.getUint32(4) };
    const columns = this.#columns;
    const row = columns.count;
    const end = row + count;
    if (end > columns.capacity) return -1;
    readV5Columns(view, headerBytesV5, columns, row, end, clock);
    const engine = view.getUint16(20);
    for (let index = row; index < end; index += 1) columns.observationDomain[index] = engine;
    columns.count = end;
    return count;
  }

  #decodeSets(view: DataView, version: 9 | 10, context: DatagramContext): number {
    const header = readMessageHeader(view, version);
    if (!header || header.fault !== null) return -1;
    const { observationDomain, exportMs } = header;
    const exporter = context.sourceAddress;
    let taken = 0;
    const wrongLength = walkSets(view, header, ({ id, start, end }) => {
      if (taken < 0) return;
      const plan = id < 256 ? undefined : this.#templates.get({ exporter, version, observationDomain, templateId: id });
      const reading = plan && this.#readingOf(plan);
      if (!reading) {
        taken = -1;
        return;
      }
      const bootMs = header.bootMs ?? this.#templates.systemInitMs(exporter, observationDomain);
      // What is left is padding.
      const count = Math.floor((end - start) / reading.recordBytes);
      const read = this.#read(view, start, count, reading, { exportMs, bootMs }, observationDomain);
      taken = read < 0 ? -1 : taken + read;
    });
    return wrongLength === null ? taken : -1;
  }

  #readingOf(plan: RecordPlan): Reading | null {
    let known = this.#readings.get(plan);
    if (!known) {
      const planned = planColumns(plan);
      this.#readings.set(plan, (known = { reading: planned && bind(planned, this.#columns) }));
    }
    return known.reading;
  }

  #read(
    view: DataView,
    start: number,
    count: number,
    reading: Reading,
    clock: ExportClock,
    observationDomain: number,
  ): number {
    const columns = this.#columns;
    const row = columns.count;
    const end = row + count;
    if (end > columns.capacity) return -1;
    const fields = this.#fields;
    fields.view = view;
    fields.stride = reading.recordBytes;
    fields.row = row;
    fields.end = end;
    fields.clock = clock;
    for (const { read, offset } of reading.readers) {
      fields.offset = start + offset;
      if (!read(fields)) return -1;
    }
    for (const column of reading.empty) column.fill(0, row, end);
    const domains = columns.observationDomain;
    for (let index = row; index < end; index += 1) domains[index] = observationDomain;
    columns.count = end;
    return count;
  }
}

const ofEveryFlow: ColumnName[] = ['receivedAtMs', 'exporter', 'version', 'observationDomain'];

function bind({ columns, recordBytes }: ColumnPlan, into: FlowColumns): Reading | null {
  const readers: Reading['readers'] = [];
  for (const planned of columns) {
    const read = columnReader(planned, into);
    if (!read) return null;
    readers.push({ read, offset: planned.offset });
  }
  const filled = new Set<ColumnName>([...ofEveryFlow, ...columns.map(({ column }) => column)]);
  const empty = columnNames.filter((name) => !filled.has(name)).map((name) => into[name]);
  return { readers, recordBytes, empty };
}
