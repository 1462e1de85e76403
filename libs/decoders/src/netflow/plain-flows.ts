import type { FlowRecord } from '../records.ts';
import { ipv4Bits } from '../text/address.ts';

/** A message of INGEST holds about 1300 flows. */
const firstRows = 2048;

const columnNames = ['source', 'destination', 'ports', 'protocol', 'input', 'output', 'packets', 'octets'] as const;

/**
 * Flows between IPv4 addresses as columns, for whoever sums them: row n of each array is one flow. What an exporter does not
 * say is 0. All other flows are in `others`, as records.
 */
export class PlainFlows {
  count = 0;
  /** Addresses as 32 bits. */
  source = new Uint32Array(firstRows);
  destination = new Uint32Array(firstRows);
  /** Source port * 65536 + destination port. */
  ports = new Uint32Array(firstRows);
  protocol = new Uint8Array(firstRows);
  input = new Uint32Array(firstRows);
  output = new Uint32Array(firstRows);
  packets = new Float64Array(firstRows);
  octets = new Float64Array(firstRows);
  /** Rows of one datagram each; `end`: the row behind its last. */
  readonly runs: { exporter: string; receivedAtMs: number; end: number }[] = [];
  readonly others: FlowRecord[] = [];

  /** Flows in all. */
  get flows(): number {
    return this.count + this.others.length;
  }

  /** Room for so many rows more; to be asked for before any is written. */
  reserve(rows: number): void {
    if (this.count + rows <= this.source.length) return;
    const length = Math.max(this.source.length * 2, this.count + rows);
    this.source = grown(this.source, new Uint32Array(length));
    this.destination = grown(this.destination, new Uint32Array(length));
    this.ports = grown(this.ports, new Uint32Array(length));
    this.protocol = grown(this.protocol, new Uint8Array(length));
    this.input = grown(this.input, new Uint32Array(length));
    this.output = grown(this.output, new Uint32Array(length));
    this.packets = grown(this.packets, new Float64Array(length));
    this.octets = grown(this.octets, new Float64Array(length));
  }

  /** Takes over what another one holds. */
  append(from: PlainFlows): void {
    this.reserve(from.count);
    const at = this.count;
    for (const name of columnNames) this[name].set(from[name].subarray(0, from.count), at);
    for (const { exporter, receivedAtMs, end } of from.runs) this.runs.push({ exporter, receivedAtMs, end: at + end });
    this.count += from.count;
    for (const other of from.others) this.others.push(other);
  }

  /** Ends the rows of a datagram. */
  endRun(exporter: string, receivedAtMs: number): void {
    if (this.count > (this.runs.at(-1)?.end ?? 0)) this.runs.push({ exporter, receivedAtMs, end: this.count });
  }

  /** A flow that is there as a record. What counts nothing (counters of interfaces, what could not be read) is no flow. */
  add(record: FlowRecord): void {
    if (record.malformed !== null || (record.packets === null && record.octets === null)) return;
    const source = record.sourceAddress === null ? 0 : ipv4Bits(record.sourceAddress);
    const destination = record.destinationAddress === null ? 0 : ipv4Bits(record.destinationAddress);
    if (source === null || destination === null) {
      this.others.push(record);
      return;
    }
    this.reserve(1);
    const row = this.count++;
    this.source[row] = source;
    this.destination[row] = destination;
    this.ports[row] = (record.sourcePort ?? 0) * 65_536 + (record.destinationPort ?? 0);
    this.protocol[row] = record.protocol ?? 0;
    this.input[row] = record.inputInterface ?? 0;
    this.output[row] = record.outputInterface ?? 0;
    this.packets[row] = Number(record.packets ?? 0);
    this.octets[row] = Number(record.octets ?? 0);
    const last = this.runs.at(-1);
    if (last && last.exporter === record.exporter && last.receivedAtMs === record.receivedAtMs) last.end = this.count;
    else this.endRun(record.exporter, record.receivedAtMs);
  }
}

function grown<Column extends Uint8Array | Uint32Array | Float64Array>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}
