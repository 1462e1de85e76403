import { nothingRead, spanNumbers, type SyslogColumns } from '@hotstandby/decoders';
import { syslogColumns } from '../record-columns.ts';
import { columnNames, putColumn } from './put-record.ts';
import { TupleWriter } from './tuple-writer.ts';

const fields = columnNames(syslogColumns).length;
const sources = syslogColumns.filter(({ name }) => name === 'source_address');
const formats = [Buffer.from('rfc3164'), Buffer.from('rfc5424')] as const;
const nothing = Buffer.alloc(0);

const writer = new TupleWriter();

/** The column of a sender, and what `altered` says of it. */
interface Source {
  address: string;
  field: Uint8Array;
  altered: string | null;
}

/** Messages as tuples of `syslog_message`: what `putRecord` writes of the same messages. */
export function putSyslogColumns(into: TupleWriter, epoch: number, columns: SyslogColumns): void {
  const octets = bufferOf(columns.octets);
  const json = bufferOf(columns.json);
  const { spans, sourceAddress } = columns;
  let source: Source | null = null;
  let jsonStart = 0;
  for (let row = 0; row < columns.count; row += 1) {
    const address = sourceAddress[row] ?? '';
    if (source?.address !== address) source = sourceOf(address);
    into.tuple(fields);
    into.int8(epoch);
    into.timestamp(Math.trunc(columns.receivedAtMs[row] ?? 0));
    into.copy(source.field);
    const format = formats[columns.isRfc5424[row] === 1 ? 1 : 0];
    into.span(format, 0, format.length);
    into.int2(columns.facility[row] ?? 0);
    into.int2(columns.severity[row] ?? 0);
    const timestampMs = columns.timestampMs[row] ?? NaN;
    if (timestampMs >= 0) into.timestamp(timestampMs);
    else into.none();
    const at = row * spanNumbers;
    // The host's name to the message's id; the message itself comes behind the JSON.
    for (let slot = at; slot < at + spanNumbers - 2; slot += 2) {
      const [from, to] = [spans[slot] ?? 0, spans[slot + 1] ?? 0];
      if (from < to) into.span(octets, from, to);
      else into.none();
    }
    const jsonEnd = columns.jsonEnd[row] ?? 0;
    if (jsonStart < jsonEnd) into.jsonSpan(json, jsonStart, jsonEnd);
    else into.none();
    jsonStart = jsonEnd;
    into.span(octets, spans[at + spanNumbers - 2] ?? 0, spans[at + spanNumbers - 1] ?? 0);
    into.none();
    into.none();
    if (source.altered === null) into.none();
    else into.text(source.altered);
  }
}

function sourceOf(address: string): Source {
  const alike = { ...nothingRead, receivedAtMs: 0, sourceAddress: address };
  const altered = sources.map((column) => putColumn(writer, column, alike)).find((what) => what !== null) ?? null;
  return { address, field: writer.take() ?? nothing, altered };
}

const bufferOf = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.length);
