/** BER for exactly one message: an SNMPv2c trap (RFC 3416 section 4.2.6) with run and sequence number as varbinds. */

// Enterprise 32473 is for documentation (RFC 5612).
const enterprise = [1, 3, 6, 1, 4, 1, 32_473, 1];
export const trapOid = [...enterprise, 0, 1];
export const runOid = [...enterprise, 1, 0];
export const sequenceOid = [...enterprise, 2, 0];
const sysUpTime = [1, 3, 6, 1, 2, 1, 1, 3, 0];
const snmpTrapOid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

export function encodeTrap(run: number, sequence: number, uptimeTicks: number): Buffer {
  const varbinds = [
    varbind(sysUpTime, unsigned(0x43, uptimeTicks)),
    varbind(snmpTrapOid, oid(trapOid)),
    varbind(runOid, unsigned(0x42, run)),
    varbind(sequenceOid, unsigned(0x42, sequence)),
  ];
  const pdu = tlv(0xa7, integer(sequence), integer(0), integer(0), tlv(0x30, ...varbinds));
  return tlv(0x30, integer(1), tlv(0x04, Buffer.from('public')), pdu);
}

const varbind = (name: number[], value: Buffer) => tlv(0x30, oid(name), value);
const integer = (value: number) => unsigned(0x02, value);

/** A non-negative number below 2^32; a leading zero keeps it positive. */
function unsigned(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let start = 0;
  while (start < 4 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start++;
  return tlv(tag, bytes.subarray(start));
}

function oid(numbers: number[]): Buffer {
  const [first = 0, second = 0, ...rest] = numbers;
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
