/** How the octets of a field are read (RFC 7011 section 6.1). `ntp`: dateTimeMicroseconds and dateTimeNanoseconds. */
export type ElementKind =
  'unsigned' | 'boolean' | 'ipv4' | 'ipv6' | 'mac' | 'text' | 'octets' | 'seconds' | 'milliseconds' | 'ntp';

export interface InformationElement {
  name: string;
  kind: ElementKind;
}

/**
 * The elements people meet, by their number in IANA's registry "IPFIX Information Elements"; up to 127 they are the field
 * types of NetFlow version 9 as well (RFC 3954 section 8). What is not here is kept in hex.
 */
const namesByKind: Record<ElementKind, Record<number, string>> = {
  // prettier-ignore
  unsigned: {
    1: 'octetDeltaCount', 2: 'packetDeltaCount', 3: 'deltaFlowCount', 4: 'protocolIdentifier', 5: 'ipClassOfService',
    6: 'tcpControlBits', 7: 'sourceTransportPort', 9: 'sourceIPv4PrefixLength', 10: 'ingressInterface',
    11: 'destinationTransportPort', 13: 'destinationIPv4PrefixLength', 14: 'egressInterface', 16: 'bgpSourceAsNumber',
    17: 'bgpDestinationAsNumber', 19: 'postMCastPacketDeltaCount', 20: 'postMCastOctetDeltaCount', 21: 'flowEndSysUpTime',
    22: 'flowStartSysUpTime', 23: 'postOctetDeltaCount', 24: 'postPacketDeltaCount', 25: 'minimumIpTotalLength',
    26: 'maximumIpTotalLength', 29: 'sourceIPv6PrefixLength', 30: 'destinationIPv6PrefixLength', 31: 'flowLabelIPv6',
    32: 'icmpTypeCodeIPv4', 33: 'igmpType', 34: 'samplingInterval', 35: 'samplingAlgorithm', 36: 'flowActiveTimeout',
    37: 'flowIdleTimeout', 38: 'engineType', 39: 'engineId', 40: 'exportedOctetTotalCount',
    41: 'exportedMessageTotalCount', 42: 'exportedFlowRecordTotalCount', 46: 'mplsTopLabelType', 48: 'samplerId',
    49: 'samplerMode', 50: 'samplerRandomInterval', 52: 'minimumTTL', 53: 'maximumTTL', 54: 'fragmentIdentification',
    55: 'postIpClassOfService', 58: 'vlanId', 59: 'postVlanId', 60: 'ipVersion', 61: 'flowDirection',
    85: 'octetTotalCount', 86: 'packetTotalCount', 88: 'fragmentOffset', 89: 'forwardingStatus',
    98: 'postIpDiffServCodePoint', 128: 'bgpNextAdjacentAsNumber', 129: 'bgpPrevAdjacentAsNumber', 136: 'flowEndReason',
    137: 'commonPropertiesId', 138: 'observationPointId', 139: 'icmpTypeCodeIPv6', 143: 'meteringProcessId',
    144: 'exportingProcessId', 148: 'flowId', 149: 'observationDomainId', 158: 'flowStartDeltaMicroseconds',
    159: 'flowEndDeltaMicroseconds', 161: 'flowDurationMilliseconds', 162: 'flowDurationMicroseconds',
    176: 'icmpTypeIPv4', 177: 'icmpCodeIPv4', 178: 'icmpTypeIPv6', 179: 'icmpCodeIPv6', 180: 'udpSourcePort',
    181: 'udpDestinationPort', 182: 'tcpSourcePort', 183: 'tcpDestinationPort', 192: 'ipTTL',
    195: 'ipDiffServCodePoint', 224: 'ipTotalLength', 227: 'postNAPTSourceTransportPort',
    228: 'postNAPTDestinationTransportPort', 229: 'natOriginatingAddressRealm', 230: 'natEvent', 231: 'initiatorOctets',
    232: 'responderOctets', 233: 'firewallEvent', 234: 'ingressVRFID', 235: 'egressVRFID', 239: 'biflowDirection',
    243: 'dot1qVlanId', 244: 'dot1qPriority', 245: 'dot1qCustomerVlanId', 252: 'ingressPhysicalInterface',
    253: 'egressPhysicalInterface', 254: 'postDot1qVlanId', 256: 'ethernetType', 298: 'initiatorPackets',
    299: 'responderPackets', 302: 'selectorId', 304: 'selectorAlgorithm', 305: 'samplingPacketInterval',
    306: 'samplingPacketSpace',
  },
  boolean: { 276: 'dataRecordsReliability' },
  // prettier-ignore
  ipv4: {
    8: 'sourceIPv4Address', 12: 'destinationIPv4Address', 15: 'ipNextHopIPv4Address', 18: 'bgpNextHopIPv4Address',
    44: 'sourceIPv4Prefix', 45: 'destinationIPv4Prefix', 47: 'mplsTopLabelIPv4Address', 130: 'exporterIPv4Address',
    225: 'postNATSourceIPv4Address', 226: 'postNATDestinationIPv4Address',
  },
  // prettier-ignore
  ipv6: {
    27: 'sourceIPv6Address', 28: 'destinationIPv6Address', 62: 'ipNextHopIPv6Address', 63: 'bgpNextHopIPv6Address',
    131: 'exporterIPv6Address', 281: 'postNATSourceIPv6Address', 282: 'postNATDestinationIPv6Address',
  },
  mac: {
    56: 'sourceMacAddress',
    57: 'postDestinationMacAddress',
    80: 'destinationMacAddress',
    81: 'postSourceMacAddress',
  },
  // prettier-ignore
  text: {
    82: 'interfaceName', 83: 'interfaceDescription', 84: 'samplerName', 94: 'applicationDescription',
    96: 'applicationName', 236: 'VRFname', 371: 'userName',
  },
  octets: { 70: 'mplsTopLabelStackSection', 90: 'mplsVpnRouteDistinguisher', 95: 'applicationId' },
  seconds: { 150: 'flowStartSeconds', 151: 'flowEndSeconds', 322: 'observationTimeSeconds' },
  // prettier-ignore
  milliseconds: {
    152: 'flowStartMilliseconds', 153: 'flowEndMilliseconds', 160: 'systemInitTimeMilliseconds',
    323: 'observationTimeMilliseconds',
  },
  // prettier-ignore
  ntp: {
    154: 'flowStartMicroseconds', 155: 'flowEndMicroseconds', 156: 'flowStartNanoseconds', 157: 'flowEndNanoseconds',
    324: 'observationTimeMicroseconds', 325: 'observationTimeNanoseconds',
  },
};

const elements = new Map<number, InformationElement>();
for (const [kind, names] of Object.entries(namesByKind) as [ElementKind, Record<number, string>][]) {
  for (const [number, name] of Object.entries(names)) elements.set(Number(number), { name, kind });
}

/** Private enterprise number under which an element means the other direction of a biflow (RFC 5103 section 6.1). */
const reverseEnterprise = 29_305;

/** What is known about an element; undefined: nothing. */
export function informationElement(enterprise: number, number: number): InformationElement | undefined {
  const element = enterprise === 0 || enterprise === reverseEnterprise ? elements.get(number) : undefined;
  if (element === undefined || enterprise === 0) return element;
  return { kind: element.kind, name: `reverse${element.name.charAt(0).toUpperCase()}${element.name.slice(1)}` };
}
