import { berTag, BerReader } from './ber-reader.ts';
import { pduTag } from './notification.ts';

const responseTag = 0xa2;
const version2c = 1;

/**
 * The answer to a version 2c InformRequest: the same message with a Response-PDU (RFC 3416 section 4.2.7), so that its
 * sender stops repeating it. Null: it is none, or it is not whole.
 */
export function informAnswer(bytes: Uint8Array): Uint8Array | null {
  const outer = new BerReader(bytes);
  const element = outer.expect(berTag.sequence, 'message');
  if (!element || outer.offset < outer.end) return null;
  const reader = outer.inside(element);
  if (reader.integer('version') !== version2c) return null;
  reader.expect(berTag.octetString, 'community');
  const at = reader.offset;
  const pdu = reader.next('PDU');
  if (pdu?.tag !== pduTag.inform || reader.offset < reader.end) return null;
  const body = reader.inside(pdu);
  for (const what of ['request id', 'error status', 'error index']) body.integer(what);
  body.expect(berTag.sequence, 'variable bindings');
  return body.fault === null && body.offset === body.end ? bytes.with(at, responseTag) : null;
}
