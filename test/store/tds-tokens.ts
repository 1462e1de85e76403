/** A server error, as SQL Server numbers them. */
export interface TdsError {
  number: number;
  message: string;
  class?: number;
}

/** Texts (the store reads whole numbers from texts too), times to the millisecond, octets, floating-point numbers. */
export type TdsValue = string | Date | Buffer | number | null;

/** One result: named columns, each of the type of its first value that is not null. */
export interface TdsResult {
  columns: string[];
  rows: TdsValue[][];
}

const ucs2 = (text: string) => Buffer.from(text, 'utf16le');
const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};
const shortText = (text: string) => Buffer.concat([u8(text.length), ucs2(text)]);

export const packetTypes = { batch: 0x01, rpc: 0x03, answer: 0x04, bulk: 0x07, login7: 0x10, prelogin: 0x12 } as const;

/** One packet that is a whole message. */
export function packet(type: number, payload: Buffer): Buffer {
  const head = Buffer.from([type, 0x01, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(payload.length + 8, 2);
  return Buffer.concat([head, payload]);
}

/** An answer to PRELOGIN that says: version 16, and this about encryption (0 off, 1 on, 2 not supported, 3 required). */
export function preloginAnswer(encryption: number): Buffer {
  const options = Buffer.from([0x00, 0, 11, 0, 6, 0x01, 0, 17, 0, 1, 0xff]);
  return packet(packetTypes.answer, Buffer.concat([options, Buffer.from([16, 0, 0, 0, 0, 0]), u8(encryption)]));
}

export function loginAck(): Buffer {
  const body = Buffer.concat([
    u8(1),
    Buffer.from([0x74, 0, 0, 4]),
    shortText('a test peer'),
    Buffer.from([16, 0, 0, 0]),
  ]);
  return Buffer.concat([u8(0xad), u16(body.length), body]);
}

export function done(error = false, more = false): Buffer {
  return Buffer.concat([u8(0xfd), u16((error ? 0x02 : 0) | (more ? 0x01 : 0)), u16(0), Buffer.alloc(8)]);
}

export function errorToken({ number, message, class: severity = 14 }: TdsError): Buffer {
  const body = Buffer.concat([
    u32(number),
    u8(1),
    u8(severity),
    u16(message.length),
    ucs2(message),
    shortText('peer'),
    shortText(''),
    u32(1),
  ]);
  return Buffer.concat([u8(0xaa), u16(body.length), body]);
}

export function resultTokens({ columns, rows }: TdsResult): Buffer {
  const samples = columns.map(
    (_, index) => rows.map((row) => row[index] ?? null).find((value) => value !== null) ?? '',
  );
  const described = columns.map((name, index) =>
    Buffer.concat([u32(0), u16(1), typeInfo(samples[index] ?? ''), shortText(name)]),
  );
  const values = rows.flatMap((row) => [
    u8(0xd1),
    ...row.map((value, index) => (value === null ? nullOf(samples[index] ?? '') : valueBytes(value))),
  ]);
  return Buffer.concat([u8(0x81), u16(columns.length), ...described, ...values]);
}

/** Sample of a column -> NVARCHAR(4000), DATETIME2(3), VARBINARY(8000) or FLOAT. */
function typeInfo(sample: NonNullable<TdsValue>): Buffer {
  const collation = Buffer.from([9, 4, 0xd0, 0, 0x34]);
  if (typeof sample === 'string') return Buffer.concat([u8(0xe7), u16(8000), collation]);
  if (typeof sample === 'number') return Buffer.from([0x6d, 8]);
  return sample instanceof Date ? Buffer.from([0x2a, 3]) : Buffer.concat([u8(0xa5), u16(8000)]);
}

const nullOf = (sample: NonNullable<TdsValue>): Buffer =>
  typeof sample === 'string' || Buffer.isBuffer(sample) ? u16(0xffff) : u8(0);

export const dayMs = 86_400_000;
/** From 0001-01-01 to 1970-01-01. */
export const daysBefore1970 = 719_162;

function valueBytes(value: NonNullable<TdsValue>): Buffer {
  if (typeof value === 'string') return Buffer.concat([u16(2 * value.length), ucs2(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([u16(value.length), value]);
  const bytes = Buffer.alloc(8);
  if (typeof value === 'number') {
    bytes.writeDoubleLE(value);
    return Buffer.concat([u8(8), bytes]);
  }
  bytes[0] = 7;
  bytes.writeUInt32LE(value.getTime() % dayMs, 1);
  bytes.writeUIntLE(Math.floor(value.getTime() / dayMs) + daysBefore1970, 5, 3);
  return bytes;
}

/** What a request says, as far as it is ASCII, wherever in it the text stands. */
export function textsOf(payload: Buffer): string {
  return payload.toString('latin1').replaceAll('\0', '');
}
