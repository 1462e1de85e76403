import { decodeText } from '../text/decode-text.ts';
import { berTag, BerReader } from './ber-reader.ts';

/** A version 3 message with the user-based security model, before it is checked and decrypted (RFC 3412 6, RFC 3414 2.4). */
export interface SecuredMessage {
  /** The whole message: what is authenticated. */
  bytes: Uint8Array;
  /** Where in it the authentication parameters lie; they count as zeros. */
  authParameters: { start: number; end: number };
  /** The salt. */
  privParameters: Uint8Array;
  authenticated: boolean;
  encrypted: boolean;
  /** Its sender takes a Report: of requests and informs, not of traps (RFC 3412 section 6.4). */
  reportable: boolean;
  messageId: number;
  engineId: Uint8Array;
  engineBoots: number;
  engineTime: number;
  userName: string;
  /** The same as it came, with its tag and length: an answer bears it to the octet. */
  userNameElement: Uint8Array;
  /** The ScopedPDU, encrypted or not. */
  data: Uint8Array;
}

/** Keys, digests and ciphers, which are not a decoder's. */
export interface SnmpSecurity {
  /** The ScopedPDU in plain, or why the message is not trusted: unknown user, wrong digest, ... Never throws. */
  open(
    message: SecuredMessage,
  ): { plain: Uint8Array; fault: null } | { plain: null; fault: string; problem?: SecurityProblem };
}

/** What an engine reports of a message that it does not trust: unknown user, level, digest, decryption (RFC 3414 section 3.2). */
export type SecurityProblem = 'user' | 'level' | 'digest' | 'decryption';

/** The same with what an engine that answers needs: keys of the user and engine of the message that is answered. */
export interface SnmpAnswering extends SnmpSecurity {
  /** A scoped PDU encrypted for an answer that bears this time; null: the user has no key for it. */
  encrypt(
    message: SecuredMessage,
    time: { boots: number; timeSeconds: number },
    plain: Uint8Array,
  ): { data: Uint8Array; privParameters: Uint8Array } | null;
  /** The digest over an answer in which zeros stand in its place; null: the user has no key for it. */
  digest(message: SecuredMessage, answer: Uint8Array): Uint8Array | null;
}

const userBasedSecurity = 3;
const flag = { authenticated: 1, encrypted: 2, reportable: 4 } as const;

/** `reader` stands behind the version. Null: the fault is in the reader. */
export function readSecuredMessage(reader: BerReader): SecuredMessage | null {
  const headerElement = reader.expect(berTag.sequence, 'header');
  if (!headerElement) return null;
  const header = reader.inside(headerElement);
  const messageId = header.integer('message id');
  header.integer('largest message');
  const flagsElement = header.expect(berTag.octetString, 'flags');
  const model = header.integer('security model');
  if (messageId === null || !flagsElement || model === null) return reader.fail(header.fault ?? 'header: cut off');
  if (flagsElement.end - flagsElement.start !== 1) return reader.fail('flags: not one byte');
  if (model !== userBasedSecurity) return reader.fail(`security model ${model} is not read`);
  const flags = reader.bytes[flagsElement.start] ?? 0;
  const authenticated = (flags & flag.authenticated) !== 0;
  const encrypted = (flags & flag.encrypted) !== 0;
  const reportable = (flags & flag.reportable) !== 0;
  if (encrypted && !authenticated) return reader.fail('flags: encrypted and not authenticated');
  const parameters = readParameters(reader);
  const data = reader.expect(encrypted ? berTag.octetString : berTag.sequence, 'scoped PDU');
  if (!parameters || !data) return null;
  // In plain the sequence is needed with its tag; encrypted, what is in the octet string is that sequence.
  const start = encrypted ? data.start : parameters.end;
  const { end: _, ...rest } = parameters;
  const level = { authenticated, encrypted, reportable };
  return { bytes: reader.bytes, ...level, messageId, ...rest, data: reader.bytes.subarray(start, data.end) };
}

/** UsmSecurityParameters (RFC 3414 section 2.4). */
function readParameters(reader: BerReader) {
  const element = reader.expect(berTag.octetString, 'security parameters');
  if (!element) return null;
  const octets = reader.inside(element);
  const sequence = octets.expect(berTag.sequence, 'security parameters');
  if (!sequence) return reader.fail(octets.fault ?? 'security parameters: cut off');
  const inside = octets.inside(sequence);
  const engineId = inside.expect(berTag.octetString, 'engine id');
  const engineBoots = inside.integer('engine boots');
  const engineTime = inside.integer('engine time');
  const nameStart = inside.offset;
  const userName = inside.expect(berTag.octetString, 'user name');
  const auth = inside.expect(berTag.octetString, 'authentication parameters');
  const priv = inside.expect(berTag.octetString, 'privacy parameters');
  if (!engineId || engineBoots === null || engineTime === null || !userName || !auth || !priv)
    return reader.fail(inside.fault ?? 'security parameters: cut off');
  if (inside.offset < inside.end || octets.offset < octets.end) return reader.fail('security parameters: too long');
  return {
    end: element.end,
    engineId: inside.content(engineId),
    engineBoots,
    engineTime,
    userName: decodeText(inside.content(userName)).text,
    userNameElement: reader.bytes.subarray(nameStart, userName.end),
    authParameters: { start: auth.start, end: auth.end },
    privParameters: inside.content(priv),
  };
}
