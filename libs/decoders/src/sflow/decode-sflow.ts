import { emptyFlow } from '../netflow/flow-record.ts';
import type { DatagramContext, FlowRecord } from '../records.ts';
import { ipv4Text, ipv6Text } from '../text/address.ts';
import { readCounterSample } from './counter-sample.ts';
import { ExtraFields } from './extra-fields.ts';
import { readFlowSample } from './flow-sample.ts';
import { XdrReader } from './xdr-reader.ts';

/** What `FlowRecord.version` says of sFlow version 5: NetFlow's versions are below 100. */
export const sflowVersion = 105;

/**
 * Whether a datagram of a flow port is sFlow: its version is a number of four octets, so the two octets in which
 * NetFlow and IPFIX have theirs are zero.
 */
export function isSflow(bytes: Uint8Array): boolean {
  const version = bytes[3] ?? 0;
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0 && version >= 2 && version <= 5;
}

/**
 * An sFlow version 5 datagram (sflow.org, July 2004): a record for each sample. A fault ends it, with one more record that
 * has `malformed` and `raw`. Never throws.
 */
export function decodeSflow(bytes: Uint8Array, context: DatagramContext): FlowRecord[] {
  const reader = new XdrReader(bytes);
  const version = reader.u32('version');
  if (version !== 5) {
    const empty = emptyFlow(context.sourceAddress, context.receivedAtMs, null, null);
    return [{ ...empty, malformed: `sFlow version ${version} is not read`, raw: bytes }];
  }
  const agent = readAgent(reader);
  const subAgent = reader.u32('sub-agent');
  reader.u32('sequence number');
  reader.u32('uptime');
  const count = reader.u32('number of samples');
  const fresh = () => emptyFlow(context.sourceAddress, context.receivedAtMs, sflowVersion, subAgent);
  const records: FlowRecord[] = [];
  for (let index = 0; index < count && reader.fault === null; index += 1) {
    const format = reader.u32('sample format');
    const length = reader.u32('sample length');
    const at = reader.opaque(length, 'sample');
    if (at === null) break;
    const record = fresh();
    const fault = readSample(format, new XdrReader(bytes, at, at + length), record, agent);
    // The next sample begins where it would have begun: one bad sample costs the others nothing.
    if (fault === null) records.push(record);
    else records.push({ ...fresh(), malformed: `sample ${index + 1}: ${fault}`, raw: bytes.subarray(at, at + length) });
  }
  const fault = reader.fault ?? (reader.left > 0 ? `${reader.left} bytes too many` : null);
  if (fault !== null) records.push({ ...fresh(), malformed: fault, raw: bytes });
  return records;
}

/** The agent's own address, by its IANA name. */
function readAgent(reader: XdrReader): [name: string, address: string] | null {
  const type = reader.u32('address type');
  const at = type === 1 ? reader.opaque(4, 'agent') : type === 2 ? reader.opaque(16, 'agent') : null;
  if (at === null) {
    reader.fail(`agent address type ${type}`);
    return null;
  }
  return type === 1
    ? ['exporterIPv4Address', ipv4Text(reader.bytes, at)]
    : ['exporterIPv6Address', ipv6Text(reader.bytes, at)];
}

function readSample(
  format: number,
  reader: XdrReader,
  record: FlowRecord,
  agent: [name: string, address: string] | null,
): string | null {
  let extra: ExtraFields;
  if (format === 1 || format === 3) extra = readFlowSample(reader, format === 3, record);
  else if (format === 2 || format === 4) extra = readCounterSample(reader, format === 4);
  else {
    extra = new ExtraFields();
    extra.put('sampleType', 'other');
    extra.keep(format, reader.bytes.subarray(reader.offset, reader.end));
  }
  if (agent !== null) extra.put(...agent);
  record.extra = extra.values;
  return reader.fault;
}
