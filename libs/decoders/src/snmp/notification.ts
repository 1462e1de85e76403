import type { TrapRecord } from '../records.ts';
import { ipv4Text } from '../text/address.ts';
import { berTag, unsignedInteger } from './ber-reader.ts';
import type { BerReader } from './ber-reader.ts';
import { objectIdentifierText } from './object-identifier.ts';
import { readVarbinds } from './varbind.ts';

/** What a PDU says. A fault is in the reader it was read from. */
export type Notification = Pick<TrapRecord, 'trapOid' | 'enterprise' | 'agentAddress' | 'uptimeTicks' | 'varbinds'>;

/** Nothing was read. */
export const emptyNotification = (): Notification => ({
  trapOid: null,
  enterprise: null,
  agentAddress: null,
  uptimeTicks: null,
  varbinds: [],
});

export const pduTag = { trapV1: 0xa4, inform: 0xa6, trapV2: 0xa7 } as const;

const sysUpTime = '1.3.6.1.2.1.1.3.0';
const snmpTrapOid = '1.3.6.1.6.3.1.1.4.1.0';
const snmpTrapEnterprise = '1.3.6.1.6.3.1.1.4.3.0';
const snmpTrapAddress = '1.3.6.1.6.3.18.1.3.0';
const snmpTraps = '1.3.6.1.6.3.1.1.5';
const enterpriseSpecific = 6;

/** A Trap-PDU of version 1 (RFC 1157 section 4.1.6). */
export function readTrapV1(reader: BerReader): Notification {
  const enterpriseElement = reader.expect(berTag.objectIdentifier, 'enterprise');
  const enterprise = enterpriseElement && objectIdentifierText(reader.bytes, enterpriseElement);
  if (enterpriseElement && enterprise === null) reader.fail('enterprise: no object identifier');
  const agent = reader.expect(0x40, 'agent address');
  if (agent && agent.end - agent.start !== 4) reader.fail('agent address: not 4 bytes');
  const agentAddress = agent && reader.fault === null ? ipv4Text(reader.bytes, agent.start) : null;
  const generic = reader.integer('generic trap');
  const specific = reader.integer('specific trap');
  const ticks = reader.expect(0x43, 'time stamp');
  const uptimeTicks = ticks && ticksOf(unsignedInteger(reader.bytes, ticks));
  if (ticks && uptimeTicks === null) reader.fail('time stamp: no 32-bit number');
  const trapOid = trapOidOfV1(enterprise, generic, specific);
  if (reader.fault === null && trapOid === null)
    reader.fail(`generic trap ${generic}, specific trap ${specific} is unknown`);
  return { trapOid, enterprise, agentAddress, uptimeTicks, varbinds: readVarbinds(reader) };
}

/** The snmpTrapOID that stands for a version 1 trap (RFC 3584 section 3.1, paragraphs 2 and 3). */
function trapOidOfV1(enterprise: string | null, generic: number | null, specific: number | null): string | null {
  if (enterprise === null || generic === null || specific === null || specific < 0) return null;
  if (generic === enterpriseSpecific) return `${enterprise}.0.${specific}`;
  return generic >= 0 && generic < enterpriseSpecific ? `${snmpTraps}.${generic + 1}` : null;
}

/** An SNMPv2-Trap-PDU or InformRequest-PDU (RFC 3416 section 4.2.6). */
export function readTrapV2(reader: BerReader): Notification {
  for (const what of ['request id', 'error status', 'error index']) reader.integer(what);
  const all = readVarbinds(reader);
  const text = (oid: string, type: string) => {
    const found = all.find((varbind) => varbind.oid === oid && varbind.type === type)?.value;
    return typeof found === 'string' ? found : null;
  };
  const inOrder = all[0]?.oid === sysUpTime && all[1]?.oid === snmpTrapOid;
  if (!inOrder) reader.fail('the first variables are not sysUpTime.0 and snmpTrapOID.0');
  const uptime = all.find(({ oid, type }) => oid === sysUpTime && type === 'TimeTicks')?.value;
  const trapOid = text(snmpTrapOid, 'OBJECT IDENTIFIER');
  if (trapOid === null) reader.fail('snmpTrapOID.0 is no object identifier');
  return {
    trapOid,
    enterprise: text(snmpTrapEnterprise, 'OBJECT IDENTIFIER'),
    agentAddress: text(snmpTrapAddress, 'IpAddress'),
    uptimeTicks: typeof uptime === 'number' ? ticksOf(BigInt(uptime)) : null,
    varbinds: inOrder ? all.slice(2) : all,
  };
}

function ticksOf(value: bigint | null): number | null {
  return value !== null && value >= 0n && value <= 0xffff_ffffn ? Number(value) : null;
}
