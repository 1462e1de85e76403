/** NetFlow version 5: one flow, with the sequence number as its octets and the run as its source address. */
export function encodeVersion5(run: number, sequence: number, atMs: number, uptimeMs: number): Buffer {
  const datagram = Buffer.alloc(24 + 48);
  datagram.writeUInt16BE(5, 0);
  datagram.writeUInt16BE(1, 2);
  datagram.writeUInt32BE(uptimeMs >>> 0, 4);
  datagram.writeUInt32BE(Math.floor(atMs / 1000), 8);
  datagram.writeUInt32BE(sequence >>> 0, 16);
  const record = datagram.subarray(24);
  record.writeUInt32BE(run, 0);
  Buffer.from([198, 51, 100, 1]).copy(record, 4);
  record.writeUInt32BE(1 + (sequence % 100), 16);
  record.writeUInt32BE(sequence >>> 0, 20);
  record.writeUInt32BE(Math.max(0, uptimeMs - 1000) >>> 0, 24);
  record.writeUInt32BE(uptimeMs >>> 0, 28);
  record.writeUInt16BE(1024 + (sequence % 60_000), 32);
  record.writeUInt16BE(443, 34);
  record.writeUInt8(0x1b, 37);
  record.writeUInt8(6, 38);
  return datagram;
}

/** The run as its rows name it. */
export const version5Source = (run: number): string =>
  [run >>> 24, (run >>> 16) & 255, (run >>> 8) & 255, run & 255].join('.');
