import { dayMs, daysBefore1970 } from './tds-tokens.ts';

export type BulkValue = string | number | bigint | Date | Buffer | null;

/**
 * Reads what a client sends for INSERT BULK, from MS-TDS 2.2.6.1 and 2.2.7.4, not from any client's code: COLMETADATA, a ROW
 * each, DONE. Throws where the octets say something else.
 */
export function readBulkLoad(payload: Buffer): Record<string, BulkValue>[] {
  const from = new Reader(payload);
  from.expect(0x81, 'COLMETADATA');
  const columns = Array.from({ length: from.u16() }, () => column(from));
  const rows: Record<string, BulkValue>[] = [];
  for (let token = from.u8(); token !== 0xfd; token = from.u8()) {
    if (token !== 0xd1) throw new Error(`token ${token} where a row was expected`);
    rows.push(Object.fromEntries(columns.map(({ name, read }) => [name, read()])));
  }
  from.skip(12);
  if (from.left() > 0) throw new Error(`${from.left()} octets after DONE`);
  return rows;
}

interface BulkColumn {
  name: string;
  read: () => BulkValue;
}

function column(from: Reader): BulkColumn {
  // User type; flags: bit 0 is "nullable".
  from.skip(4);
  const nullable = (from.u16() & 1) === 1;
  const type = from.u8();
  const read = readerOf(from, type);
  const name = from.text(from.u8() * 2);
  return {
    name,
    read() {
      const value = read();
      if (value === null && !nullable) throw new Error(`${name} is null`);
      return value;
    },
  };
}

function readerOf(from: Reader, type: number): () => BulkValue {
  switch (type) {
    case 0x26: {
      const declared = from.u8();
      return () => integer(from, declared);
    }
    case 0x6d:
      from.expect(8, 'length of FLTN');
      return () => (from.u8() === 0 ? null : from.take(8).readDoubleLE());
    case 0x2a:
      from.expect(3, 'scale of DATETIME2');
      return () => time(from);
    case 0xe7: {
      const most = from.u16();
      from.skip(5);
      return () => octets(from, most)?.toString('utf16le') ?? null;
    }
    case 0xa5: {
      const most = from.u16();
      return () => octets(from, most);
    }
    default:
      throw new Error(`type ${type.toString(16)}`);
  }
}

function integer(from: Reader, declared: number): number | bigint | null {
  const length = from.u8();
  if (length === 0) return null;
  if (length !== declared) throw new Error(`an integer of ${length} octets in a column of ${declared}`);
  const bytes = from.take(length);
  return length === 8 ? bytes.readBigInt64LE() : bytes.readIntLE(0, length);
}

function time(from: Reader): Date | null {
  const length = from.u8();
  if (length === 0) return null;
  if (length !== 7) throw new Error(`a time of ${length} octets`);
  const ms = from.take(4).readUInt32LE();
  return new Date((from.take(3).readUIntLE(0, 3) - daysBefore1970) * dayMs + ms);
}

/** Of a limited column, or in chunks (PLP) where `most` is 0xffff. */
function octets(from: Reader, most: number): Buffer | null {
  if (most !== 0xffff) {
    const length = from.u16();
    if (length === 0xffff) return null;
    if (length > most) throw new Error(`${length} octets in a column of ${most}`);
    return from.take(length);
  }
  const total = from.take(8).readBigUInt64LE();
  if (total === 0xffff_ffff_ffff_ffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = from.u32(); length > 0; length = from.u32()) chunks.push(from.take(length));
  return Buffer.concat(chunks);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (this.left() < length) throw new Error(`${length} octets wanted, ${this.left()} there`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  skip(length: number): void {
    this.take(length);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  text(length: number): string {
    return this.take(length).toString('utf16le');
  }

  expect(value: number, what: string): void {
    const got = this.u8();
    if (got !== value) throw new Error(`${what}: ${got}`);
  }
}
