/** NetFlow version 9 (RFC 3954): one flow a datagram, with the sequence number as its octets and the run as source id. */

const templateId = 256;
/** Type and length of each field, RFC 3954 section 8. */
const fields: [type: number, bytes: number][] = [
  [1, 8], // IN_BYTES: the sequence number
  [2, 4], // IN_PKTS
  [8, 4], // IPV4_SRC_ADDR
  [12, 4], // IPV4_DST_ADDR
  [7, 2], // L4_SRC_PORT
  [11, 2], // L4_DST_PORT
  [4, 1], // PROTOCOL
  [6, 1], // TCP_FLAGS
  [22, 4], // FIRST_SWITCHED
  [21, 4], // LAST_SWITCHED
];
/** `uptimeMs` is the exporter's. */
export function encodeFlow(
  run: number,
  sequence: number,
  atMs: number,
  uptimeMs: number,
  withTemplate: boolean,
): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(9, 0);
  header.writeUInt16BE(withTemplate ? 2 : 1, 2);
  header.writeUInt32BE(uptimeMs >>> 0, 4);
  header.writeUInt32BE(Math.floor(atMs / 1000), 8);
  header.writeUInt32BE(sequence >>> 0, 12);
  header.writeUInt32BE(run, 16);
  return Buffer.concat([header, ...(withTemplate ? [templateSet] : []), dataSet(sequence, uptimeMs)]);
}

const templateSet = (() => {
  const set = Buffer.alloc(8 + fields.length * 4);
  set.writeUInt16BE(0, 0);
  set.writeUInt16BE(set.length, 2);
  set.writeUInt16BE(templateId, 4);
  set.writeUInt16BE(fields.length, 6);
  for (const [index, [type, bytes]] of fields.entries()) {
    set.writeUInt16BE(type, 8 + index * 4);
    set.writeUInt16BE(bytes, 10 + index * 4);
  }
  return set;
})();

function dataSet(sequence: number, uptimeMs: number): Buffer {
  const recordBytes = fields.reduce((sum, [, bytes]) => sum + bytes, 0);
  // Sets end on a boundary of four bytes.
  const set = Buffer.alloc(Math.ceil((4 + recordBytes) / 4) * 4);
  set.writeUInt16BE(templateId, 0);
  set.writeUInt16BE(set.length, 2);
  let at = set.writeBigUInt64BE(BigInt(sequence), 4);
  at = set.writeUInt32BE(1 + (sequence % 100), at);
  // Documentation addresses, RFC 5737.
  at = Buffer.from([192, 0, 2, sequence % 250]).copy(set, at) + at;
  at = Buffer.from([198, 51, 100, 1]).copy(set, at) + at;
  at = set.writeUInt16BE(1024 + (sequence % 60_000), at);
  at = set.writeUInt16BE(443, at);
  at = set.writeUInt8(6, at);
  at = set.writeUInt8(0x1b, at);
  at = set.writeUInt32BE(Math.max(0, uptimeMs - 1000) >>> 0, at);
  set.writeUInt32BE(uptimeMs >>> 0, at);
  return set;
}
