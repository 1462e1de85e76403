import type { FlowRecord } from '../records.ts';
import { ipv4Text, ipv6Text } from '../text/address.ts';
import { hexText } from '../text/hex.ts';
import type { ExtraFields } from './extra-fields.ts';

const etherType = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const vlanTags = new Set([0x8100, 0x88a8, 0x9100]);
const mostVlanTags = 4;
const mostExtensionHeaders = 8;
const protocolNumber = { icmp: 1, tcp: 6, udp: 17, icmpV6: 58, sctp: 132 } as const;

/** The first octets of a sampled packet. They are cut off where the exporter's snap length ends: what is there is taken. */
interface Header {
  bytes: Uint8Array;
  view: DataView;
  record: FlowRecord;
  extra: ExtraFields;
}

/** `header_protocol` of sampled_header (sFlow version 5, section 5.3): 1 Ethernet, 11 IPv4, 12 IPv6. False: another one. */
export function readSampledHeader(
  protocol: number,
  bytes: Uint8Array,
  record: FlowRecord,
  extra: ExtraFields,
): boolean {
  const header = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), record, extra };
  if (protocol === 1) readEthernet(header);
  else if (protocol === 11) readIpv4(header, 0);
  else if (protocol === 12) readIpv6(header, 0);
  else return false;
  return true;
}

function readEthernet(header: Header): void {
  const { bytes, view, extra } = header;
  if (bytes.length < 14) return;
  extra.put('destinationMacAddress', hexText(bytes.subarray(0, 6), ':'));
  extra.put('sourceMacAddress', hexText(bytes.subarray(6, 12), ':'));
  let offset = 12;
  for (let tags = 0; tags < mostVlanTags && vlanTags.has(view.getUint16(offset)); tags += 1) {
    // The tag that follows must be whole, and the type behind it.
    if (bytes.length < offset + 6) return;
    const tag = view.getUint16(offset + 2);
    extra.put('vlanId', tag & 0xfff);
    extra.put('dot1qPriority', tag >>> 13);
    offset += 4;
  }
  const type = view.getUint16(offset);
  extra.put('ethernetType', type);
  if (type === etherType.ipv4) readIpv4(header, offset + 2);
  else if (type === etherType.ipv6) readIpv6(header, offset + 2);
}

function readIpv4(header: Header, at: number): void {
  const { bytes, view, record } = header;
  if (bytes.length < at + 20) return;
  const first = view.getUint8(at);
  const headerBytes = (first & 0xf) * 4;
  if (first >>> 4 !== 4 || headerBytes < 20) return;
  record.tos = view.getUint8(at + 1);
  // Zero where the network card cuts the packet (segmentation offload).
  const total = view.getUint16(at + 2);
  if (total >= headerBytes) record.octets = BigInt(total);
  record.protocol = view.getUint8(at + 9);
  record.sourceAddress = ipv4Text(bytes, at + 12);
  record.destinationAddress = ipv4Text(bytes, at + 16);
  const fragmentOffset = view.getUint16(at + 6) & 0x1fff;
  if (fragmentOffset === 0) readTransport(header, record.protocol, at + headerBytes);
}

function readIpv6(header: Header, at: number): void {
  const { bytes, view, record, extra } = header;
  if (bytes.length < at + 40 || view.getUint8(at) >>> 4 !== 6) return;
  record.tos = (view.getUint16(at) >>> 4) & 0xff;
  const flowLabel = view.getUint32(at) & 0xf_ffff;
  if (flowLabel !== 0) extra.put('flowLabelIPv6', flowLabel);
  const payload = view.getUint16(at + 4);
  if (payload > 0) record.octets = BigInt(40 + payload);
  record.sourceAddress = ipv6Text(bytes, at + 8);
  record.destinationAddress = ipv6Text(bytes, at + 24);
  const behind = behindExtensionHeaders(view, view.getUint8(at + 6), at + 40);
  record.protocol = behind.protocol;
  if (behind.offset !== null) readTransport(header, behind.protocol, behind.offset);
}

/** RFC 8200 section 4. `offset` null: cut off, or not the first fragment. */
function behindExtensionHeaders(
  view: DataView,
  protocol: number,
  offset: number,
): { protocol: number; offset: number | null } {
  for (let count = 0; count < mostExtensionHeaders; count += 1) {
    const isFragment = protocol === 44;
    const isAuthentication = protocol === 51;
    const isOptions = protocol === 0 || protocol === 43 || protocol === 60;
    if (!isFragment && !isAuthentication && !isOptions) return { protocol, offset };
    if (view.byteLength < offset + 8) return { protocol, offset: null };
    const next = view.getUint8(offset);
    const length = view.getUint8(offset + 1);
    if (isFragment && view.getUint16(offset + 2) >>> 3 !== 0) return { protocol: next, offset: null };
    offset += isFragment ? 8 : isAuthentication ? (length + 2) * 4 : (length + 1) * 8;
    protocol = next;
  }
  return { protocol, offset: null };
}

function readTransport({ bytes, view, record, extra }: Header, protocol: number, at: number): void {
  const { icmp, tcp, udp, icmpV6, sctp } = protocolNumber;
  if (protocol === icmp || protocol === icmpV6) {
    const name = protocol === icmp ? 'icmpTypeCodeIPv4' : 'icmpTypeCodeIPv6';
    if (bytes.length >= at + 2) extra.put(name, view.getUint16(at));
    return;
  }
  if (protocol !== tcp && protocol !== udp && protocol !== sctp) return;
  if (bytes.length < at + 4) return;
  record.sourcePort = view.getUint16(at);
  record.destinationPort = view.getUint16(at + 2);
  if (protocol === tcp && bytes.length >= at + 14) record.tcpFlags = view.getUint8(at + 13);
}
