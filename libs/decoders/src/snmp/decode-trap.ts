import type { DatagramContext, TrapRecord } from '../records.ts';
import { decodeText } from '../text/decode-text.ts';
import { berTag, BerReader } from './ber-reader.ts';
import { emptyNotification, pduTag, readTrapV1, readTrapV2 } from './notification.ts';
import type { Notification } from './notification.ts';
import type { SnmpSecurity } from './secured-message.ts';
import { readVersion3 } from './version-3.ts';

type Read = {
  version: TrapRecord['version'];
  community: string | null;
  notification: Notification;
  fault: string | null;
};

/**
 * A datagram of a trap port as a record: traps of version 1, 2c and 3, and informs (answering them is not the decoder's).
 * `security` checks and decrypts those of version 3. Never throws. With a fault the fields hold what was read before it.
 */
export function decodeTrap(
  bytes: Uint8Array,
  context: DatagramContext,
  security: SnmpSecurity | null = null,
): TrapRecord {
  const { version, community, notification, fault } = readMessage(bytes, security);
  return {
    receivedAtMs: context.receivedAtMs,
    sourceAddress: context.sourceAddress,
    version,
    community,
    ...notification,
    malformed: fault,
    raw: fault === null ? null : bytes,
  };
}

function readMessage(bytes: Uint8Array, security: SnmpSecurity | null): Read {
  const outer = new BerReader(bytes);
  const message = outer.expect(berTag.sequence, 'message');
  if (!message) return unread(null, null, outer.fault);
  const reader = outer.inside(message);
  const version = reader.integer('version');
  if (version === null) return unread(null, null, reader.fault);
  if (version === 3) {
    const { fault, ...read } = readVersion3(reader, security);
    const rest = outer.offset < outer.end ? `${outer.end - outer.offset} bytes too many` : null;
    return { version: '3', ...read, fault: fault ?? rest };
  }
  if (version !== 0 && version !== 1) return unread(null, null, `SNMP version number ${version} is unknown`);
  const name = version === 0 ? '1' : '2c';
  const communityElement = reader.expect(berTag.octetString, 'community');
  const community = communityElement && decodeText(reader.content(communityElement)).text;
  const pdu = reader.next('PDU');
  if (!pdu) return unread(name, community, reader.fault);
  const isNotification =
    version === 0 ? pdu.tag === pduTag.trapV1 : pdu.tag === pduTag.trapV2 || pdu.tag === pduTag.inform;
  if (!isNotification)
    return unread(name, community, `PDU 0x${pdu.tag.toString(16)} is no notification of version ${name}`);
  const body = reader.inside(pdu);
  const notification = version === 0 ? readTrapV1(body) : readTrapV2(body);
  const rest = [body, reader, outer].find((part) => part.offset < part.end);
  return {
    version: name,
    community,
    notification,
    fault: body.fault ?? (rest ? `${rest.end - rest.offset} bytes too many` : null),
  };
}

function unread(version: TrapRecord['version'], community: string | null, fault: string | null): Read {
  return { version, community, notification: emptyNotification(), fault: fault ?? 'no SNMP message' };
}
