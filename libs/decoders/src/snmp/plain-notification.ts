import { berTag, BerReader } from './ber-reader.ts';
import { pduTag } from './notification.ts';
import { readSecuredMessage } from './secured-message.ts';
import type { SnmpSecurity } from './secured-message.ts';

/**
 * What is the same in both copies of a version 3 notification that a device sends to each node: engine, user, context and
 * the PDU without its request id, in plain. Null: it is no such message, or is not trusted.
 */
export function plainNotification(bytes: Uint8Array, security: SnmpSecurity): Uint8Array | null {
  const outer = new BerReader(bytes);
  const element = outer.expect(berTag.sequence, 'message');
  if (!element) return null;
  const reader = outer.inside(element);
  const message = reader.integer('version') === 3 ? readSecuredMessage(reader) : null;
  const plain = message && security.open(message).plain;
  if (!message || !plain) return null;
  const scopedOuter = new BerReader(plain);
  const scoped = scopedOuter.expect(berTag.sequence, 'scoped PDU');
  if (!scoped) return null;
  const inside = scopedOuter.inside(scoped);
  inside.expect(berTag.octetString, 'context engine id');
  const context = inside.expect(berTag.octetString, 'context name');
  const pdu = inside.next('PDU');
  if (!context || !pdu || (pdu.tag !== pduTag.trapV2 && pdu.tag !== pduTag.inform)) return null;
  const requestId = inside.inside(pdu).expect(berTag.integer, 'request id');
  if (!requestId) return null;
  return joined([
    Uint8Array.of(pdu.tag, message.engineId.length),
    message.engineId,
    new TextEncoder().encode(message.userName),
    plain.subarray(scoped.start, context.end),
    plain.subarray(requestId.end, pdu.end),
  ]);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
