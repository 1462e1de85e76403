import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeSyslog } from '../syslog/decode-syslog.ts';
import { decodeSyslogColumns } from './decode-syslog-columns.ts';
import { recordsOfSyslog } from './records-of-syslog.ts';
import { SyslogColumns } from './syslog-columns.ts';

const context = { sourceAddress: '192.0.2.1', receivedAtMs: Date.UTC(2026, 10, 21, 12, 30) };

/** As in a frame: views of one memory. */
function framed(texts: readonly string[]): Uint8Array[] {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const memory = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 7));
  let at = 7;
  return encoded.map((bytes) => {
    memory.set(bytes, at);
    at += bytes.length;
    return memory.subarray(at - bytes.length, at);
  });
}

const pick = (...texts: string[]) => fc.constantFrom(...texts);
/** The first so often that whole messages come out usual. */
const mostly = (usual: string, ...odd: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
const word = fc.stringMatching(/^[!-~]{1,6}$/);
const name = mostly('a@1', 'b@2', 'c', '__proto__', 'toString', 'é', 'x y', '\\', '"', '');
const parameter = fc
  .tuple(
    fc.oneof(pick('x', 'y', '__proto__', 'constructor', '7', ''), word),
    mostly('="1"', '="a b]"', '="a\\"b"', '="\t"', '=""', '=1', '="'),
  )
  .map((parts) => parts.join(''));
const element = fc
  .tuple(name, fc.array(parameter, { maxLength: 3 }), mostly(']', ' ]', ''))
  .map(([id, parameters, end]) => `[${[id, ...parameters].join(' ')}${end}`);
const data = fc.oneof(
  pick('-', '- ', '[', '', '--'),
  fc.array(element, { maxLength: 3 }).map((list) => list.join('')),
);
const time = mostly(
  '2026-11-21T09:01:02.123Z',
  '-',
  '2026-11-21T09:01:02Z',
  '2026-11-21T09:01:02.5Z',
  '2026-11-21T09:01:02.123456Z',
  '2026-11-21T09:01:02.Z',
  '2026-02-29T09:01:02Z',
  '1969-12-31T23:59:59Z',
  '2026-11-21T09:01:60Z',
  '2026-11-21T09:01:02+01:00',
  '2026-11-21t09:01:02Z',
);
const ending = mostly('', '\n', '\r\n', '\0', '\0\n');
const priority = mostly('<13>', '<191>', '<192>', '<0>', '<007>', '<>', '<1', '<1234>', '13>', '');
const message = fc.oneof(
  mostly(' hello', '', ' hi\\there', ' é', ' \uFEFFx', ' a\0b', 'x', ' a\x01\x7f', '  two'),
  word,
);
const modern = fc
  .tuple(
    priority,
    mostly('1 ', '2 ', '1'),
    time,
    fc.array(fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: pick('-', '') }), {
      minLength: 4,
      maxLength: 4,
    }),
    data,
    message,
    ending,
  )
  .map(([pri, version, at, fields, sd, text, end]) => `${pri}${version}${[at, ...fields, sd].join(' ')}${text}${end}`);
const bsd = fc
  .tuple(
    priority,
    mostly('Nov 21', 'Nov  1', 'Feb 29', 'Dec 31', 'Foo 01', 'Nov 1', 'nov 21', 'Jan 00', 'Feb 30'),
    mostly('09:01:02', '9:01:02', '24:00:00', '23:59:60', '09:01:02.5', '09:01:02 2026', '09:01:02 UTC'),
    fc.oneof(word, mostly('edge-1', 'edge-1.', 'edge_1 :', 'edge-1 ', '2026', 'a[1]', ':', '')),
    fc.oneof(
      word,
      mostly('sshd', 'sshd[12]', 'sshd[]', 'sshd[a]', 'sshd[12', 'a'.repeat(129), 'a'.repeat(127), '%ASA-1'),
    ),
    mostly(': ', ':', ' ', '', ': : ', ':x'),
    message,
    ending,
  )
  .map(
    ([pri, date, clock, host, tag, colon, text, end]) => `${pri}${date} ${clock} ${host} ${tag}${colon}${text}${end}`,
  );
const cut = fc.tuple(fc.oneof(modern, bsd), fc.nat(80)).map(([text, length]) => text.slice(0, length));

it('holds what the records of the same messages hold, and leaves alone what it cannot hold', () => {
  let held = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: modern }, { weight: 4, arbitrary: bsd }, cut), { maxLength: 12 }),
      (texts) => {
        const columns = new SyslogColumns();
        const taken = framed(texts).filter((bytes) => decodeSyslogColumns(bytes, context, columns));
        held += taken.length;
        expect(columns.count).toBe(taken.length);
        expect(recordsOfSyslog(columns)).toStrictEqual(taken.map((bytes) => decodeSyslog(bytes, context)));
      },
    ),
    { numRuns: 3000 },
  );
  expect(held).toBeGreaterThan(3000);
});

it('holds the usual messages, as many as there are', () => {
  const texts = Array.from({ length: 2000 }, (_, index) => [
    `<34>1 2026-11-21T09:01:02.003Z host app ${index} ID [a@1 x="${index}" y="2"][b@1]${'[c x=""]'.repeat(index === 7 ? 1 : 0)} hello ${index}`,
    `<34>Nov 21 09:01:02 host app[${index}]: hello ${index}`,
    `<34>Nov  1 09:01:02 host app: \n`,
    '<34>1 - - - - - -',
  ]).flat(); // prettier-ignore
  const columns = new SyslogColumns();
  const all = framed(texts);
  for (let round = 0; round < 2; round += 1) {
    expect(all.filter((bytes) => !decodeSyslogColumns(bytes, context, columns))).toEqual([]);
    expect(recordsOfSyslog(columns)).toStrictEqual(all.map((bytes) => decodeSyslog(bytes, context)));
    columns.clear();
  }
});

it('leaves alone what has no usable time of reception, comes from other memory, or has more names than are compared', () => {
  const columns = new SyslogColumns();
  const [one = new Uint8Array(0)] = framed(['<34>1 - host app 1 ID - x']);
  for (const receivedAtMs of [NaN, -1, 8.64e15])
    expect(decodeSyslogColumns(one, { ...context, receivedAtMs }, columns)).toBe(false);
  expect(decodeSyslogColumns(one, context, columns)).toBe(true);
  expect(decodeSyslogColumns(Uint8Array.from(one), context, columns)).toBe(false);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}="1"`).join(' ');
  for (const [count, isHeld] of [[32, true], [33, false]] as const) {
    const [many = one] = framed([`<34>1 - host app 1 ID [a ${names(count)}] x`]);
    expect(decodeSyslogColumns(many, context, new SyslogColumns())).toBe(isHeld);
  } // prettier-ignore
});
