import { berElement, berInteger, berObjectIdentifier, berOctets } from './ber-writer.ts';
import { berTag, BerReader } from './ber-reader.ts';
import { pduTag } from './notification.ts';
import { readSecuredMessage, type SecuredMessage, type SnmpAnswering } from './secured-message.ts';

/** The engine for which informs are made: one for both nodes of a pair, so that a sender finds the same one after a take-over. */
export interface AnsweringEngine {
  /** 5 to 32 octets (RFC 3411 section 5, SnmpEngineID). */
  engineId: Uint8Array;
  /** 1 to 2^31 - 1. */
  boots: number;
  /** 0 to 2^31 - 1. */
  timeSeconds: number;
}

/** What a message that expects an answer gets. */
export interface SecuredAnswer {
  answer: Uint8Array;
  /**
   * Whether the message is telemetry. A discovery, or a message with a wrong idea of the engine's time, is talk between engines: its
   * sender repeats what it has to say.
   */
  keep: boolean;
}

const reportTag = 0xa8;
const responseTag = 0xa2;
const counter32Tag = 0x41;
/** RFC 3414 section 2.2.3. */
const timeWindowSeconds = 150;
const largestMessageBytes = 65_507;
const userBasedSecurity = 3;

/** usmStats of RFC 3414 section 5: why a message was not processed. */
const reports = {
  level: '1.3.6.1.6.3.15.1.1.1.0',
  'not in time window': '1.3.6.1.6.3.15.1.1.2.0',
  user: '1.3.6.1.6.3.15.1.1.3.0',
  engine: '1.3.6.1.6.3.15.1.1.4.0',
  digest: '1.3.6.1.6.3.15.1.1.5.0',
  decryption: '1.3.6.1.6.3.15.1.1.6.0',
} as const;
type Report = keyof typeof reports;

/**
 * The answer of the engine to a version 3 message (RFC 3414 section 3.2, RFC 3412 section 7.2): a Response to an inform that is for it
 * and authentic, a Report that lets its sender find engine and time or says why it is not believed. Null: nobody waits for an answer, as
 * with every trap. `reported` is how many reports there were. Never throws.
 */
export function securedAnswer(
  bytes: Uint8Array,
  engine: AnsweringEngine,
  security: SnmpAnswering,
  reported = 0,
): SecuredAnswer | null {
  const outer = new BerReader(bytes);
  const element = outer.expect(berTag.sequence, 'message');
  if (!element || outer.offset < outer.end) return null;
  const reader = outer.inside(element);
  const message = reader.integer('version') === 3 ? readSecuredMessage(reader) : null;
  if (!message?.reportable || reader.offset < reader.end) return null;
  const report = (what: Report, keep: boolean): SecuredAnswer | null => {
    const authenticated = what === 'not in time window';
    const answer = reportMessage(message, engine, security, { what, authenticated, count: reported + 1 });
    return answer && { answer, keep };
  };
  if (!sameOctets(message.engineId, engine.engineId)) return report('engine', message.engineId.length > 0);
  const opened = security.open(message);
  if (opened.plain === null && opened.problem && opened.problem !== 'decryption') return report(opened.problem, true);
  // Before what is encrypted is looked at (step 7 comes before 8).
  if (message.authenticated && !isTimely(message, engine)) return report('not in time window', false);
  if (opened.plain === null) return opened.problem ? report(opened.problem, true) : null;
  const answer = response(message, opened.plain, engine, security);
  return answer && { answer, keep: true };
}

function isTimely({ engineBoots, engineTime }: SecuredMessage, engine: AnsweringEngine): boolean {
  return engineBoots === engine.boots && Math.abs(engineTime - engine.timeSeconds) <= timeWindowSeconds;
}

/** The same scoped PDU as a Response; null: it is no inform, or not whole. */
function response(
  message: SecuredMessage,
  plain: Uint8Array,
  engine: AnsweringEngine,
  security: SnmpAnswering,
): Uint8Array | null {
  const outer = new BerReader(plain);
  const scoped = outer.expect(berTag.sequence, 'scoped PDU');
  if (!scoped) return null;
  const inside = outer.inside(scoped);
  inside.expect(berTag.octetString, 'context engine id');
  inside.expect(berTag.octetString, 'context name');
  const at = inside.offset;
  const pdu = inside.next('PDU');
  if (pdu?.tag !== pduTag.inform || inside.offset < inside.end) return null;
  const body = inside.inside(pdu);
  for (const what of ['request id', 'error status', 'error index']) body.integer(what);
  body.expect(berTag.sequence, 'variable bindings');
  if (body.fault !== null || body.offset < body.end) return null;
  // Behind a decrypted one may be padding.
  const answered = plain.slice(0, scoped.end);
  answered[at] = responseTag;
  return messageOf(message, engine, security, answered, message);
}

function reportMessage(
  message: SecuredMessage,
  engine: AnsweringEngine,
  security: SnmpAnswering,
  { what, authenticated, count }: { what: Report; authenticated: boolean; count: number },
): Uint8Array | null {
  const value = berInteger(count % 2 ** 32, counter32Tag);
  const variable = berElement(berTag.sequence, berObjectIdentifier(reports[what]), value);
  const variables = berElement(berTag.sequence, variable);
  const pdu = berElement(reportTag, berInteger(requestIdOf(message)), berInteger(0), berInteger(0), variables);
  const scoped = berElement(berTag.sequence, berOctets(engine.engineId), berOctets(new Uint8Array(0)), pdu);
  return messageOf(message, engine, security, scoped, { authenticated, encrypted: false });
}

/** Of a PDU in plain; 0 where it cannot be seen (RFC 3412 section 7.1 step 3). */
function requestIdOf({ encrypted, data }: SecuredMessage): number {
  if (encrypted) return 0;
  const outer = new BerReader(data);
  const scoped = outer.expect(berTag.sequence, 'scoped PDU');
  if (!scoped) return 0;
  const inside = outer.inside(scoped);
  inside.next('context engine id');
  inside.next('context name');
  const pdu = inside.next('PDU');
  return (pdu && inside.inside(pdu).integer('request id')) ?? 0;
}

/** An answer to `message` with this scoped PDU; null: the keys for it are not there. */
function messageOf(
  message: SecuredMessage,
  engine: AnsweringEngine,
  security: SnmpAnswering,
  scopedPdu: Uint8Array,
  { authenticated, encrypted }: { authenticated: boolean; encrypted: boolean },
): Uint8Array | null {
  const { boots, timeSeconds, engineId } = engine;
  const nothing = new Uint8Array(0);
  const secret = encrypted ? security.encrypt(message, { boots, timeSeconds }, scopedPdu) : null;
  if (encrypted && !secret) return null;
  const flags = Uint8Array.of((authenticated ? 1 : 0) + (encrypted ? 2 : 0));
  const header = berElement(
    berTag.sequence,
    berInteger(message.messageId),
    berInteger(largestMessageBytes),
    berOctets(flags),
    berInteger(userBasedSecurity),
  );
  const made = (digest: Uint8Array): Uint8Array => {
    const parameters = berElement(
      berTag.sequence,
      berOctets(engineId),
      berInteger(boots),
      berInteger(timeSeconds),
      message.userNameElement,
      berOctets(digest),
      berOctets(secret?.privParameters ?? nothing),
    );
    const data = secret ? berOctets(secret.data) : scopedPdu;
    return berElement(berTag.sequence, berInteger(3), header, berOctets(parameters), data);
  };
  if (!authenticated) return made(nothing);
  // It is made over the message with zeros in its place (RFC 3414 section 6.3.1).
  const { start, end } = message.authParameters;
  const digest = security.digest(message, made(new Uint8Array(end - start)));
  return digest && made(digest);
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
