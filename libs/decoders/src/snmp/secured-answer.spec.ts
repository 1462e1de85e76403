import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { berElement, berInteger, berObjectIdentifier, berOctets } from './ber-writer.ts';
import { BerReader, berTag } from './ber-reader.ts';
import { objectIdentifierText } from './object-identifier.ts';
import { securedAnswer } from './secured-answer.ts';
import { readSecuredMessage, type SecurityProblem, type SnmpAnswering } from './secured-message.ts';

const engine = { engineId: Uint8Array.of(0x80, 0, 0, 0, 4, 0x61), boots: 3, timeSeconds: 100_000 };
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

/** Digests are the octets' count, ciphers turn every bit: enough to see what is made of what. */
function keys(problem: SecurityProblem | null = null): SnmpAnswering {
  const turned = (octets: Uint8Array) => octets.map((octet) => octet ^ 0xff);
  return {
    open({ encrypted, data }) {
      if (problem) return { plain: null, fault: problem, problem };
      return { plain: encrypted ? turned(data) : data, fault: null };
    },
    encrypt: (_, __, plain) => ({ data: turned(plain), privParameters: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
    digest: ({ authParameters: { start, end } }, answer) => new Uint8Array(end - start).fill(answer.length & 0xff),
  };
}

interface Message {
  engineId?: Uint8Array;
  boots?: number;
  time?: number;
  flags?: number;
  pdu?: number;
}

function message({ engineId = engine.engineId, boots = 3, time = 100_000, flags = 7, pdu = 0xa6 }: Message = {}) {
  const variable = berElement(berTag.sequence, berObjectIdentifier('1.3.6.1.2.1.1.3.0'), berInteger(42, 0x43));
  const variables = berElement(berTag.sequence, variable);
  const body = berElement(pdu, berInteger(77), berInteger(0), berInteger(0), variables);
  const scoped = berElement(berTag.sequence, berOctets(Uint8Array.of(9)), berOctets(new Uint8Array(0)), body);
  const header = berElement(
    berTag.sequence,
    berInteger(1234),
    berInteger(65_507),
    berOctets(Uint8Array.of(flags)),
    berInteger(3),
  );
  const parameters = berElement(
    berTag.sequence,
    berOctets(engineId),
    berInteger(boots),
    berInteger(time),
    berOctets(Uint8Array.of(0x75)),
    berOctets(new Uint8Array(flags & 1 ? 12 : 0)),
    berOctets(new Uint8Array(flags & 2 ? 8 : 0)),
  );
  const data = flags & 2 ? berOctets(scoped.map((octet) => octet ^ 0xff)) : scoped;
  return berElement(berTag.sequence, berInteger(3), header, berOctets(parameters), data);
}

function readBack(answer: Uint8Array | undefined) {
  const outer = new BerReader(answer ?? new Uint8Array(0));
  const reader = outer.inside(outer.expect(berTag.sequence, 'message') ?? { tag: 0, start: 0, end: 0 });
  reader.integer('version');
  const read = readSecuredMessage(reader);
  if (!read) throw new Error(reader.fault ?? 'unread');
  const plain = read.encrypted ? read.data.map((octet) => octet ^ 0xff) : read.data;
  const scopedOuter = new BerReader(plain);
  const scoped = scopedOuter.inside(scopedOuter.expect(berTag.sequence, 'scoped') ?? { tag: 0, start: 0, end: 0 });
  const contextEngine = scoped.next('context engine');
  scoped.next('context');
  const pdu = scoped.next('PDU');
  if (!pdu || !contextEngine) throw new Error(scoped.fault ?? 'unread');
  const body = scoped.inside(pdu);
  const requestId = body.integer('request id');
  body.integer('error status');
  body.integer('error index');
  const list = body.expect(berTag.sequence, 'variables');
  const item = list && body.inside(list).next('variable');
  const name = item && body.inside(item).next('name');
  const oid = name && objectIdentifierText(plain, name);
  return { read, tag: pdu.tag, requestId, oid, contextEngine: hex(scoped.content(contextEngine)) };
}

describe('an inform for the engine', () => {
  test.each([[4], [5], [7]])('is answered at its own level (flags %i)', (flags) => {
    const result = securedAnswer(message({ flags }), engine, keys());
    expect(result?.keep).toBe(true);
    const { read, tag, requestId, oid, contextEngine } = readBack(result?.answer);
    expect({ tag, requestId, oid, contextEngine }).toEqual({
      tag: 0xa2,
      requestId: 77,
      oid: '1.3.6.1.2.1.1.3.0',
      contextEngine: '09',
    });
    expect(read).toMatchObject({
      messageId: 1234,
      authenticated: (flags & 1) !== 0,
      encrypted: (flags & 2) !== 0,
      reportable: false,
      engineBoots: 3,
      engineTime: 100_000,
      userName: 'u',
    });
    expect(hex(read.engineId)).toBe(hex(engine.engineId));
    const { start, end } = read.authParameters;
    expect([...read.bytes.subarray(start, end)]).toEqual(Array(flags & 1 ? 12 : 0).fill(read.bytes.length & 0xff));
  });
});

describe('a message that is not for it, or not believed, is reported', () => {
  test.each<[string, Message, SecurityProblem | null, string, boolean]>([
    ['a discovery', { engineId: new Uint8Array(0), flags: 4, pdu: 0xa0 }, null, '1.3.6.1.6.3.15.1.1.4.0', false],
    ['another engine', { engineId: Uint8Array.of(0x80, 0, 0, 0, 1) }, null, '1.3.6.1.6.3.15.1.1.4.0', true],
    ['no time yet', { boots: 0, time: 0 }, null, '1.3.6.1.6.3.15.1.1.2.0', false],
    ['a time of long ago', { time: 99_849 }, null, '1.3.6.1.6.3.15.1.1.2.0', false],
    ['an unknown user', {}, 'user', '1.3.6.1.6.3.15.1.1.3.0', true],
    ['another level', {}, 'level', '1.3.6.1.6.3.15.1.1.1.0', true],
    ['a wrong digest', {}, 'digest', '1.3.6.1.6.3.15.1.1.5.0', true],
    ['a wrong key', {}, 'decryption', '1.3.6.1.6.3.15.1.1.6.0', true],
  ])('%s', (what, change, problem, oid, keep) => {
    const result = securedAnswer(message(change), engine, keys(problem), 6);
    expect(result?.keep).toBe(keep);
    const back = readBack(result?.answer);
    expect([back.tag, back.oid, back.contextEngine]).toEqual([0xa8, oid, hex(engine.engineId)]);
    // What a sender sets its clock by is authentic; nothing else can be.
    expect(back.read.authenticated).toBe(what.includes('time'));
    expect(back.read).toMatchObject({ encrypted: false, reportable: false, engineBoots: 3, engineTime: 100_000 });
    expect(back.requestId).toBe((change.flags ?? 7) & 2 ? 0 : 77);
  });

  it('but nothing that nobody waits for: traps, answers, other requests, what is cut off', () => {
    expect(securedAnswer(message({ flags: 3, pdu: 0xa7 }), engine, keys())).toBeNull();
    expect(securedAnswer(message({ flags: 3, engineId: Uint8Array.of(1) }), engine, keys())).toBeNull();
    expect(securedAnswer(message({ pdu: 0xa0 }), engine, keys())).toBeNull();
    const whole = message();
    const answer = securedAnswer(whole, engine, keys())?.answer ?? whole;
    expect(securedAnswer(answer, engine, keys())).toBeNull();
    for (let length = 0; length < whole.length; length++)
      expect(securedAnswer(whole.subarray(0, length), engine, keys())).toBeNull();
    expect(securedAnswer(Uint8Array.from([...whole, 0]), engine, keys())).toBeNull();
    const traps = readFileSync(new URL('../../../../test/fixtures/datagrams/traps-v3.txt', import.meta.url), 'utf8');
    for (const line of traps.split('\n').filter((one) => one && !one.startsWith('#')))
      expect(securedAnswer(Uint8Array.from(Buffer.from(line.split(' ')[1] ?? '', 'hex')), engine, keys())).toBeNull();
  });
});

describe('the writer of BER', () => {
  test.each([0, 1, 127, 128, 255, 256, 32_767, 32_768, 0x7fff_ffff, -1, -128, -129, -0x8000_0000])('%i', (value) => {
    expect(new BerReader(berInteger(value)).integer('it')).toBe(value);
  });

  it('makes lengths and identifiers that the reader reads', () => {
    for (const length of [0, 127, 128, 255, 256, 70_000]) {
      const reader = new BerReader(berOctets(new Uint8Array(length)));
      const element = reader.next('octets');
      expect([(element?.end ?? 0) - (element?.start ?? 0), reader.done]).toEqual([length, true]);
    }
    for (const dotted of ['1.3.6.1.6.3.15.1.1.4.0', '0.0', '2.999.4294967295', '1.3.128.16383.16384']) {
      const bytes = berObjectIdentifier(dotted);
      const element = new BerReader(bytes).next('identifier');
      expect(element && objectIdentifierText(bytes, element)).toBe(dotted);
    }
  });
});
