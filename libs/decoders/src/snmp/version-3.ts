import type { TrapRecord, Varbind } from '../records.ts';
import { decodeText } from '../text/decode-text.ts';
import { hexText } from '../text/hex.ts';
import { berTag, BerReader } from './ber-reader.ts';
import { emptyNotification, pduTag, readTrapV2 } from './notification.ts';
import type { Notification } from './notification.ts';
import { readSecuredMessage } from './secured-message.ts';
import type { SecuredMessage, SnmpSecurity } from './secured-message.ts';

// SNMP-FRAMEWORK-MIB (RFC 3411 section 5) and SNMP-VIEW-BASED-ACM-MIB (RFC 3415 section 4).
const snmpEngine = '1.3.6.1.6.3.10.2.1';
const vacmContextName = '1.3.6.1.6.3.16.1.1.1.1';

/** What a version 3 message says. `fault` null: all of it was read, and is as trustworthy as the user's keys. */
export interface Version3 {
  community: string | null;
  notification: Notification;
  fault: string | null;
}

/** `reader` stands behind the version. */
export function readVersion3(reader: BerReader, security: SnmpSecurity | null): Version3 {
  const message = readSecuredMessage(reader);
  if (!message) return { community: null, notification: emptyNotification(), fault: reader.fault };
  const read = (notification: Notification, fault: string | null, contextName: string): Version3 => {
    const varbinds = [...notification.varbinds, ...aboutEngine(message, contextName)];
    return { community: message.userName, notification: { ...notification, varbinds }, fault };
  };
  const opened = security?.open(message) ?? { plain: null, fault: 'no user of SNMP version 3 is configured' };
  if (opened.plain === null) return read(emptyNotification(), opened.fault, '');
  const scoped = readScopedPdu(new BerReader(opened.plain), message.encrypted);
  const rest = reader.offset < reader.end ? `${reader.end - reader.offset} bytes too many` : null;
  return read(scoped.notification, scoped.fault ?? rest, scoped.contextName);
}

/** ScopedPDU (RFC 3412 section 6). Behind a decrypted one may be padding. */
function readScopedPdu(outer: BerReader, padded: boolean) {
  const unread = (fault: string | null) => ({ notification: emptyNotification(), contextName: '', fault });
  const element = outer.expect(berTag.sequence, 'scoped PDU');
  if (!element) return unread(outer.fault);
  const reader = outer.inside(element);
  reader.expect(berTag.octetString, 'context engine id');
  const context = reader.expect(berTag.octetString, 'context name');
  const pdu = reader.next('PDU');
  if (!context || !pdu) return unread(reader.fault);
  if (pdu.tag !== pduTag.trapV2 && pdu.tag !== pduTag.inform)
    return unread(`PDU 0x${pdu.tag.toString(16)} is no notification of version 3`);
  const body = reader.inside(pdu);
  const notification = readTrapV2(body);
  const rest = [body, reader, ...(padded ? [] : [outer])].find((part) => part.offset < part.end);
  const fault = body.fault ?? (rest ? `${rest.end - rest.offset} bytes too many` : null);
  return { notification, contextName: decodeText(reader.content(context)).text, fault };
}

/** What the sender says of itself, as variables behind its own: so that a replay can be seen (RFC 3414 section 2.3). */
function aboutEngine(message: SecuredMessage, contextName: string): TrapRecord['varbinds'] {
  const { engineId, engineBoots, engineTime } = message;
  const about: Varbind[] = [
    { oid: `${snmpEngine}.1.0`, type: 'OCTET STRING', value: { hex: hexText(engineId) } },
    { oid: `${snmpEngine}.2.0`, type: 'INTEGER', value: engineBoots },
    { oid: `${snmpEngine}.3.0`, type: 'INTEGER', value: engineTime },
  ];
  if (contextName !== '') about.push({ oid: vacmContextName, type: 'OCTET STRING', value: contextName });
  return about;
}
