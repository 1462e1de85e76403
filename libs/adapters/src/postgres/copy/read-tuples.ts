/** The tuples of a buffer, one after the other, as views. */
export function* tuplesIn(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const end = fieldsFrom(bytes, start, () => {});
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** The octets of each field; null: none. */
export function fieldsOf(tuple: Buffer): (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  fieldsFrom(tuple, 0, (from, to) => fields.push(from === null ? null : tuple.subarray(from, to)));
  return fields;
}

/** Where the first field of every tuple is the epoch: writes another one. */
export function writeEpoch(bytes: Buffer, epoch: number): void {
  for (const tuple of tuplesIn(bytes)) tuple.writeBigInt64BE(BigInt(epoch), 6);
}

/** The end of the tuple that begins at `start`. */
function fieldsFrom(bytes: Buffer, start: number, field: (from: number | null, to: number) => void): number {
  const fields = bytes.readInt16BE(start);
  let at = start + 2;
  for (let index = 0; index < fields; index++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) field(null, at);
    else field(at, (at += length));
  }
  return at;
}
