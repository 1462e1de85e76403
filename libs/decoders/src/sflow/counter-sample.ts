import { ExtraFields } from './extra-fields.ts';
import { readSourceId, walkRecords } from './sample-records.ts';
import type { XdrReader } from './xdr-reader.ts';

type Counter = readonly [name: string, bytes: 4 | 8];
const of = (bytes: 4 | 8, ...names: string[]): Counter[] => names.map((name) => [name, bytes]);

/** Names as in IF-MIB, EtherLike-MIB and section 5.4 of sFlow version 5, by format of enterprise 0. */
const countersOf = new Map<number, Counter[]>([
  [
    1,
    [
      ...of(4, 'ifIndex', 'ifType'),
      ...of(8, 'ifSpeed'),
      ...of(4, 'ifDirection', 'ifStatus'),
      ...of(8, 'ifInOctets'),
      ...of(4, 'ifInUcastPkts', 'ifInMulticastPkts', 'ifInBroadcastPkts', 'ifInDiscards', 'ifInErrors'),
      ...of(4, 'ifInUnknownProtos'),
      ...of(8, 'ifOutOctets'),
      ...of(4, 'ifOutUcastPkts', 'ifOutMulticastPkts', 'ifOutBroadcastPkts', 'ifOutDiscards', 'ifOutErrors'),
      ...of(4, 'ifPromiscuousMode'),
    ],
  ],
  [
    2,
    of(
      4,
      'dot3StatsAlignmentErrors',
      'dot3StatsFCSErrors',
      'dot3StatsSingleCollisionFrames',
      'dot3StatsMultipleCollisionFrames',
      'dot3StatsSQETestErrors',
      'dot3StatsDeferredTransmissions',
      'dot3StatsLateCollisions',
      'dot3StatsExcessiveCollisions',
      'dot3StatsInternalMacTransmitErrors',
      'dot3StatsCarrierSenseErrors',
      'dot3StatsFrameTooLongs',
      'dot3StatsInternalMacReceiveErrors',
      'dot3StatsSymbolErrors',
    ),
  ],
  [
    5,
    [
      ...of(4, 'vlanId'),
      ...of(8, 'vlanOctets'),
      ...of(4, 'vlanUcastPkts', 'vlanMulticastPkts', 'vlanBroadcastPkts', 'vlanDiscards'),
    ],
  ],
  [1001, [...of(4, 'cpu5s', 'cpu1m', 'cpu5m'), ...of(8, 'totalMemory', 'freeMemory')]],
]);

/** counters_sample and counters_sample_expanded: everything is data. A fault is in the reader. */
export function readCounterSample(reader: XdrReader, expanded: boolean): ExtraFields {
  const extra = new ExtraFields();
  reader.u32('sample sequence number');
  extra.put('sampleType', 'counters');
  readSourceId(reader, expanded, extra);
  walkRecords(reader, extra, (format, content) => readCounters(format, content, extra));
  return extra;
}

function readCounters(format: number, content: XdrReader, extra: ExtraFields): boolean {
  const counters = countersOf.get(format);
  if (!counters || content.left < counters.reduce((sum, [, bytes]) => sum + bytes, 0)) return false;
  for (const [name, bytes] of counters) extra.put(name, bytes === 8 ? content.u64(name) : content.u32(name));
  return true;
}
