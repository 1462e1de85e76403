import type { FramedDatagram } from '../frame/index.ts';

/** Bytes `from` to `to` (excluded) of a datagram. */
export type Range = readonly [from: number, to: number];

/**
 * What is the same in both copies when a device sends a datagram to each node: everything but what exporters count or
 * stamp per destination. A datagram that cannot be read is taken whole. Exporters that group flows differently for each
 * destination have no equal datagrams: for them a take-over stores what both copies say.
 */
export function sameInBothCopies({ kind, bytes }: Pick<FramedDatagram, 'kind' | 'bytes'>): Range[] {
  const whole: Range = [0, bytes.length];
  if (kind === 'flow') return flowRanges(bytes) ?? [whole];
  if (kind === 'trap') return withoutRequestId(bytes) ?? [whole];
  return [whole];
}

/** Without times and sequence number of the header (NetFlow v5 and v9 by Cisco's layout, RFC 3954 5.1, RFC 7011 3.1, sFlow v5). */
function flowRanges(bytes: Uint8Array): Range[] | null {
  const version = bytes.length < 4 ? 0 : (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  // v5: version, count | uptime, seconds, nanoseconds, sequence | engine, sampling, records.
  if (version === 5 && bytes.length >= 24) return [range(0, 4), range(20, bytes.length)];
  // v9: version, count | uptime, seconds, sequence | source id, sets.
  if (version === 9 && bytes.length >= 20) return [range(0, 4), range(16, bytes.length)];
  // IPFIX: version, length | export time, sequence | observation domain, sets.
  if (version === 10 && bytes.length >= 16) return [range(0, 4), range(12, bytes.length)];
  // sFlow v5: version, address type, agent, sub-agent | sequence, uptime | samples, with counters of their sources.
  const agentBytes = version === 0 && bytes[3] === 5 ? agentBytesOf(bytes) : null;
  if (agentBytes !== null && bytes.length >= 24 + agentBytes)
    return [range(0, 12 + agentBytes), range(20 + agentBytes, bytes.length)];
  return null;
}

/** Of the agent's address in an sFlow v5 header: 1 IPv4, 2 IPv6. */
function agentBytesOf(bytes: Uint8Array): 4 | 16 | null {
  if (bytes[2] !== 0 || bytes[4] !== 0 || bytes[5] !== 0 || bytes[6] !== 0) return null;
  return bytes[7] === 1 ? 4 : bytes[7] === 2 ? 16 : null;
}

/**
 * SNMPv2c notifications (RFC 3416 3): the request id of the PDU is made anew for each destination. Version 1 traps have
 * none.
 */
function withoutRequestId(bytes: Uint8Array): Range[] | null {
  const message = element(bytes, 0);
  if (message?.tag !== 0x30) return null;
  const version = element(bytes, message.from);
  const community = version && element(bytes, version.to);
  const pdu = community && element(bytes, community.to);
  if (pdu?.tag !== trapV2 && pdu?.tag !== inform) return null;
  const requestId = element(bytes, pdu.from);
  if (requestId?.tag !== 0x02) return null;
  // Not the outer lengths either: they grow and shrink with the request id.
  return [
    [version?.from ?? 0, community?.to ?? 0],
    [requestId.to, bytes.length],
  ];
}

const inform = 0xa6;
const trapV2 = 0xa7;

interface Element {
  tag: number;
  /** Of its content. */
  from: number;
  to: number;
}

/** A BER element with a definite length of at most four bytes that ends within the datagram (X.690 8.1). */
function element(bytes: Uint8Array, at: number): Element | null {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || lengthBytes > 4) return null;
  let length = lengthBytes === 0 ? first : 0;
  for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0);
  const from = at + 2 + lengthBytes;
  return from + length <= bytes.length ? { tag, from, to: from + length } : null;
}

const range = (from: number, to: number): Range => [from, to];
