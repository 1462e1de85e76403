import type { FlowColumns, FlowRecord, FlowRun } from '@hotstandby/decoders';
import type { Column } from '../column.ts';
import { promotedExtra } from '../promoted-extra.ts';
import { ExtraFields } from './extra-fields.ts';
import { putColumn } from './put-record.ts';
import { TupleWriter } from './tuple-writer.ts';

/** What of a flow is alike in its run: `received_at` to `observation_domain`. */
export type RunColumns = readonly Column<
  Pick<FlowRecord, 'receivedAtMs' | 'exporter' | 'version' | 'observationDomain'>
>[];

/** `epoch`, the columns of `flow_record`, `altered`. */
const fields = 22 + promotedExtra.length;

/** Flows as tuples of `flow_record`: what `putRecord` writes of the same flows. */
export function putFlowColumns(into: TupleWriter, epoch: number, runColumns: RunColumns, columns: FlowColumns): void {
  let row = 0;
  for (const run of columns.runs) {
    putRun(into, frameOf(epoch, runColumns, run), columns, run, row);
    row = run.end;
  }
}

const writer = new TupleWriter();
const nothing = new Uint8Array(0);

/** In front of what differs from flow to flow, and behind it: `malformed`, `raw`, `altered`. */
function frameOf(epoch: number, runColumns: RunColumns, run: FlowRun): { head: Uint8Array; tail: Uint8Array } {
  const alike = { ...run, version: run.shape.version };
  writer.tuple(fields);
  writer.int8(epoch);
  const altered = runColumns.map((column) => putColumn(writer, column, alike)).filter((what) => what !== null);
  const head = writer.take() ?? nothing;
  writer.none();
  writer.none();
  if (altered.length === 0) writer.none();
  else writer.text(altered.join('; '));
  return { head, tail: writer.take() ?? nothing };
}

function putRun(
  into: TupleWriter,
  { head, tail }: { head: Uint8Array; tail: Uint8Array },
  columns: FlowColumns,
  { shape, end }: FlowRun,
  from: number,
): void {
  const put = (name: Parameters<typeof shape.columns.has>[0]) => shape.columns.has(name);
  const [source, destination] = [put('sourceAddress'), put('destinationAddress')];
  const [sourcePort, destinationPort, protocol] = [put('sourcePort'), put('destinationPort'), put('protocol')];
  const [packets, octets, start, finish] = [put('packets'), put('octets'), put('startMs'), put('endMs')];
  const [input, output] = [put('inputInterface'), put('outputInterface')];
  const [tcpFlags, tos] = [put('tcpFlags'), put('tos')];
  const promoted = promotedExtra.map(({ element, kind }) => {
    const slot = shape.extra.findIndex((extra) => extra.name === element && extra.kind === kind);
    return { kind, values: slot < 0 ? null : (columns.extra[slot] ?? null) };
  });
  const isLeft = shape.extra.map(
    ({ name, kind }) => !promotedExtra.some((one) => one.element === name && one.kind === kind),
  );
  const extra = new ExtraFields(
    shape.extra.filter((_, slot) => isLeft[slot]),
    columns.extra.filter((_, slot) => isLeft[slot]),
  );
  for (let row = from; row < end; row += 1) {
    into.copy(head);
    if (source) into.inet4Bits(columns.sourceAddress[row] ?? 0);
    else into.none();
    if (destination) into.inet4Bits(columns.destinationAddress[row] ?? 0);
    else into.none();
    if (sourcePort) into.int4(columns.sourcePort[row] ?? 0);
    else into.none();
    if (destinationPort) into.int4(columns.destinationPort[row] ?? 0);
    else into.none();
    if (protocol) into.int2(columns.protocol[row] ?? 0);
    else into.none();
    if (packets) into.int8(columns.packets[row] ?? 0);
    else into.none();
    if (octets) into.int8(columns.octets[row] ?? 0);
    else into.none();
    putTime(into, start ? columns.startMs[row] : NaN);
    putTime(into, finish ? columns.endMs[row] : NaN);
    if (input) into.int8(columns.inputInterface[row] ?? 0);
    else into.none();
    if (output) into.int8(columns.outputInterface[row] ?? 0);
    else into.none();
    if (tcpFlags) into.int4(columns.tcpFlags[row] ?? 0);
    else into.none();
    if (tos) into.int2(columns.tos[row] ?? 0);
    else into.none();
    for (const { kind, values } of promoted) {
      if (values === null) into.none();
      else if (kind === 'ipv4') into.inet4Bits(values[row] ?? 0);
      else into.int8(values[row] ?? 0);
    }
    into.copy(extra.at(row));
    into.copy(tail);
  }
}

/** NaN: none. */
function putTime(into: TupleWriter, ms = NaN): void {
  if (ms >= 0) into.timestamp(ms);
  else into.none();
}
