import type { FlowRecord } from '../records.ts';
import { ipv4Text, ipv6Text } from '../text/address.ts';
import { hexText } from '../text/hex.ts';
import { ExtraFields } from './extra-fields.ts';
import { readSampledHeader } from './sampled-header.ts';
import type { XdrReader } from './xdr-reader.ts';
import { readSourceId, walkRecords } from './sample-records.ts';

/** Compact and expanded form of an interface (section 5.1): its format and value. */
interface Interface {
  format: number;
  value: number;
}

/** flow_sample and flow_sample_expanded into the record. A fault is in the reader. */
export function readFlowSample(reader: XdrReader, expanded: boolean, record: FlowRecord): ExtraFields {
  const extra = new ExtraFields();
  reader.u32('sample sequence number');
  extra.put('sampleType', 'flow');
  readSourceId(reader, expanded, extra);
  const samplingInterval = reader.u32('sampling rate');
  extra.put('samplingInterval', samplingInterval);
  extra.put('samplePool', reader.u32('sample pool'));
  extra.put('drops', reader.u32('drops'));
  const input = readInterface(reader, expanded, 'input');
  const output = readInterface(reader, expanded, 'output');
  if (reader.fault !== null) return extra;
  record.packets = 1n;
  record.inputInterface = interfaceIndex(input, expanded);
  record.outputInterface = interfaceIndex(output, expanded);
  if (output.format === 1) extra.put('discardedReason', output.value);
  if (output.format === 2) extra.put('outputInterfaces', output.value);
  walkRecords(reader, extra, (format, content) => readFlowData(format, content, record, extra));
  return extra;
}

function readInterface(reader: XdrReader, expanded: boolean, what: string): Interface {
  const first = reader.u32(`${what} interface`);
  return expanded
    ? { format: first, value: reader.u32(`${what} interface`) }
    : { format: first >>> 30, value: first & 0x3fff_ffff };
}

/** Null: unknown, or not a single interface. */
function interfaceIndex({ format, value }: Interface, expanded: boolean): number | null {
  const unknown = expanded ? 0xffff_ffff : 0x3fff_ffff;
  return format === 0 && value !== unknown ? value : null;
}

/** False: the format is not read, or the content is not what it says. */
function readFlowData(format: number, content: XdrReader, record: FlowRecord, extra: ExtraFields): boolean {
  switch (format) {
    case 1:
      return readHeaderRecord(content, record, extra);
    case 2:
      return readEthernetFrame(content, record, extra);
    case 3:
      return readSampledAddresses(content, record, 4);
    case 4:
      return readSampledAddresses(content, record, 16);
    case 1001:
      return readSwitch(content, extra);
    case 1002:
      return readRouter(content, extra);
    default:
      return false;
  }
}

function readHeaderRecord(content: XdrReader, record: FlowRecord, extra: ExtraFields): boolean {
  const protocol = content.u32('header protocol');
  const frameBytes = content.u32('frame length');
  content.u32('stripped');
  const length = content.u32('header length');
  const at = content.opaque(length, 'header');
  if (at === null) return false;
  if (!readSampledHeader(protocol, content.bytes.subarray(at, at + length), record, extra)) return false;
  extra.put('dataLinkFrameSize', frameBytes);
  record.octets ??= BigInt(frameBytes);
  return true;
}

function readEthernetFrame(content: XdrReader, record: FlowRecord, extra: ExtraFields): boolean {
  const frameBytes = content.u32('frame length');
  const source = content.opaque(6, 'source address');
  const destination = content.opaque(6, 'destination address');
  const type = content.u32('Ethernet type');
  if (source === null || destination === null || content.fault !== null) return false;
  const { bytes } = content;
  extra.put('sourceMacAddress', hexText(bytes.subarray(source, source + 6), ':'));
  extra.put('destinationMacAddress', hexText(bytes.subarray(destination, destination + 6), ':'));
  extra.put('ethernetType', type);
  extra.put('dataLinkFrameSize', frameBytes);
  record.octets ??= BigInt(frameBytes);
  return true;
}

/** sampled_ipv4 and sampled_ipv6. */
function readSampledAddresses(content: XdrReader, record: FlowRecord, addressBytes: 4 | 16): boolean {
  if (content.left < 8 + 2 * addressBytes + 16) return false;
  const octets = content.u32('length');
  const protocol = content.u32('protocol');
  const source = content.opaque(addressBytes, 'source address') ?? 0;
  const destination = content.opaque(addressBytes, 'destination address') ?? 0;
  const [sourcePort, destinationPort] = [content.u32('source port'), content.u32('destination port')];
  const [tcpFlags, tos] = [content.u32('TCP flags'), content.u32('type of service')];
  if (protocol > 0xff || sourcePort > 0xffff || destinationPort > 0xffff || tcpFlags > 0xffff || tos > 0xff)
    return false;
  const text = addressBytes === 4 ? ipv4Text : ipv6Text;
  Object.assign(record, {
    octets: BigInt(octets),
    protocol,
    sourceAddress: text(content.bytes, source),
    destinationAddress: text(content.bytes, destination),
    sourcePort,
    destinationPort,
    tcpFlags,
    tos,
  });
  return true;
}

function readSwitch(content: XdrReader, extra: ExtraFields): boolean {
  if (content.left < 16) return false;
  extra.put('vlanId', content.u32('source VLAN'));
  extra.put('dot1qPriority', content.u32('source priority'));
  extra.put('postVlanId', content.u32('destination VLAN'));
  extra.put('postDot1qPriority', content.u32('destination priority'));
  return true;
}

function readRouter(content: XdrReader, extra: ExtraFields): boolean {
  const type = content.u32('address type');
  if (type !== 1 && type !== 2) return false;
  const family = type === 1 ? 'IPv4' : 'IPv6';
  const addressBytes = type === 1 ? 4 : 16;
  if (content.left < addressBytes + 8) return false;
  const at = content.opaque(addressBytes, 'next hop') ?? 0;
  extra.put(`ipNextHop${family}Address`, type === 1 ? ipv4Text(content.bytes, at) : ipv6Text(content.bytes, at));
  extra.put(`source${family}PrefixLength`, content.u32('source mask'));
  extra.put(`destination${family}PrefixLength`, content.u32('destination mask'));
  return true;
}
