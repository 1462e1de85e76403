import type { SummableFlow, SummableFlows } from './flows.ts';
import { ipv4Bits } from './ipv4-bits.ts';

interface Run {
  exporter: string;
  receivedAtMs: number;
  end: number;
}

/** A flow that is there as a record, which may be one that could not be read. */
export type FlowAsRecord = SummableFlow & { malformed?: string | null };

const columnNames = [
  'sourceAddress',
  'destinationAddress',
  'inputInterface',
  'outputInterface',
  'packets',
  'octets',
  'sourcePort',
  'destinationPort',
  'protocol',
] as const;

/** Flows that wait to be summed, in arrays of just their size: those of others may be used again. */
export class FlowsToSum implements SummableFlows {
  count = 0;
  readonly sourceAddress: Uint32Array;
  readonly destinationAddress: Uint32Array;
  readonly inputInterface: Uint32Array;
  readonly outputInterface: Uint32Array;
  readonly packets: Float64Array;
  readonly octets: Float64Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly protocol: Uint8Array;
  readonly runs: Run[] = [];
  /** Not between IPv4 addresses. */
  readonly others: SummableFlow[] = [];

  /** What counts nothing (counters of interfaces, what could not be read) is no flow. */
  constructor(columns: SummableFlows | null, records: readonly FlowAsRecord[]) {
    const rows = (columns?.count ?? 0) + records.length;
    this.sourceAddress = new Uint32Array(rows);
    this.destinationAddress = new Uint32Array(rows);
    this.inputInterface = new Uint32Array(rows);
    this.outputInterface = new Uint32Array(rows);
    this.packets = new Float64Array(rows);
    this.octets = new Float64Array(rows);
    this.sourcePort = new Uint16Array(rows);
    this.destinationPort = new Uint16Array(rows);
    this.protocol = new Uint8Array(rows);
    if (columns) this.#copy(columns);
    for (const record of records) this.#add(record);
  }

  /** In all. */
  get flows(): number {
    return this.count + this.others.length;
  }

  #copy(columns: SummableFlows): void {
    for (const name of columnNames) this[name].set(columns[name].subarray(0, columns.count));
    for (const { exporter, receivedAtMs, end } of columns.runs) this.#endRun(exporter, receivedAtMs, end);
  }

  #add(record: FlowAsRecord): void {
    if ((record.malformed ?? null) !== null || (record.packets === null && record.octets === null)) return;
    const source = record.sourceAddress === null ? 0 : ipv4Bits(record.sourceAddress);
    const destination = record.destinationAddress === null ? 0 : ipv4Bits(record.destinationAddress);
    if (source === null || destination === null) {
      this.others.push(record);
      return;
    }
    const row = this.count;
    this.sourceAddress[row] = source;
    this.destinationAddress[row] = destination;
    this.sourcePort[row] = record.sourcePort ?? 0;
    this.destinationPort[row] = record.destinationPort ?? 0;
    this.protocol[row] = record.protocol ?? 0;
    this.inputInterface[row] = record.inputInterface ?? 0;
    this.outputInterface[row] = record.outputInterface ?? 0;
    this.packets[row] = Number(record.packets ?? 0);
    this.octets[row] = Number(record.octets ?? 0);
    this.#endRun(record.exporter, record.receivedAtMs, row + 1);
  }

  #endRun(exporter: string, receivedAtMs: number, end: number): void {
    this.count = end;
    const last = this.runs.at(-1);
    if (last && last.exporter === exporter && last.receivedAtMs === receivedAtMs) last.end = end;
    else this.runs.push({ exporter, receivedAtMs, end });
  }
}
