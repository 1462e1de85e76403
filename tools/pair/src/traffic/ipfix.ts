/** IPFIX (RFC 7011): one flow a message, with the sequence number as its octets and the run as observation domain. */

const templateId = 300;
/** Element and length of each field, IANA's numbers. */
const fields: [element: number, bytes: number][] = [
  [1, 8], // octetDeltaCount: the sequence number
  [2, 8], // packetDeltaCount
  [8, 4], // sourceIPv4Address
  [12, 4], // destinationIPv4Address
  [7, 2], // sourceTransportPort
  [11, 2], // destinationTransportPort
  [4, 1], // protocolIdentifier
  [152, 8], // flowStartMilliseconds
  [153, 8], // flowEndMilliseconds
];

export function encodeIpfix(run: number, sequence: number, atMs: number, withTemplate: boolean): Buffer {
  const message = Buffer.concat([Buffer.alloc(16), ...(withTemplate ? [templateSet] : []), dataSet(sequence, atMs)]);
  message.writeUInt16BE(10, 0);
  message.writeUInt16BE(message.length, 2);
  message.writeUInt32BE(Math.floor(atMs / 1000), 4);
  message.writeUInt32BE(sequence >>> 0, 8);
  message.writeUInt32BE(run, 12);
  return message;
}

const templateSet = (() => {
  const set = Buffer.alloc(8 + fields.length * 4);
  set.writeUInt16BE(2, 0);
  set.writeUInt16BE(set.length, 2);
  set.writeUInt16BE(templateId, 4);
  set.writeUInt16BE(fields.length, 6);
  for (const [index, [element, bytes]] of fields.entries()) {
    set.writeUInt16BE(element, 8 + index * 4);
    set.writeUInt16BE(bytes, 10 + index * 4);
  }
  return set;
})();

function dataSet(sequence: number, atMs: number): Buffer {
  const set = Buffer.alloc(4 + fields.reduce((sum, [, bytes]) => sum + bytes, 0));
  set.writeUInt16BE(templateId, 0);
  set.writeUInt16BE(set.length, 2);
  let at = set.writeBigUInt64BE(BigInt(sequence), 4);
  at = set.writeBigUInt64BE(BigInt(1 + (sequence % 100)), at);
  // Documentation addresses, RFC 5737.
  at = Buffer.from([192, 0, 2, sequence % 250]).copy(set, at) + at;
  at = Buffer.from([203, 0, 113, 1]).copy(set, at) + at;
  at = set.writeUInt16BE(1024 + (sequence % 60_000), at);
  at = set.writeUInt16BE(443, at);
  at = set.writeUInt8(6, at);
  at = set.writeBigUInt64BE(BigInt(Math.floor(atMs) - 1000), at);
  set.writeBigUInt64BE(BigInt(Math.floor(atMs)), at);
  return set;
}
