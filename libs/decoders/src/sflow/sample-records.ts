import type { ExtraFields } from './extra-fields.ts';
import { XdrReader } from './xdr-reader.ts';

/** A sample with more is not one: exporters send two or three. */
const mostRecords = 256;

/** The data source: its type (0 interface, 1 VLAN, 2 entity) and index. */
export function readSourceId(reader: XdrReader, expanded: boolean, extra: ExtraFields): void {
  const first = reader.u32('source id');
  extra.put('sourceIdType', expanded ? first : first >>> 24);
  extra.put('sourceIdIndex', expanded ? reader.u32('source id') : first & 0xff_ffff);
}

/** The records of a sample. What `read` refuses is kept as it came. A fault is in the reader. */
export function walkRecords(
  reader: XdrReader,
  extra: ExtraFields,
  read: (format: number, content: XdrReader) => boolean,
): void {
  const count = reader.u32('number of records');
  if (count > mostRecords) reader.fail(`${count} records in a sample`);
  for (let index = 0; index < count && reader.fault === null; index += 1) {
    const format = reader.u32('record format');
    const length = reader.u32('record length');
    const at = reader.opaque(length, 'record');
    if (at === null) return;
    if (!read(format, new XdrReader(reader.bytes, at, at + length)))
      extra.keep(format, reader.bytes.subarray(at, at + length));
  }
}
