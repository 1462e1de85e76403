import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { SyslogStream } from './stream-framing.ts';

const octets = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

function read(input: Uint8Array, { chunkBytes = input.length, most = 100 } = {}) {
  const stream = new SyslogStream(most);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += chunkBytes)
    messages.push(...stream.push(input.subarray(at, at + chunkBytes)));
  const { framing, fault, truncated, inMessage } = stream;
  const rest = stream.end();
  return { messages: messages.map(text), framing, fault, truncated, inMessage, rest: rest && text(rest) };
}
const nothingWrong = { fault: null, truncated: 0, inMessage: false, rest: null };

describe('a stream of syslog messages', () => {
  test.each([
    ['counted', '6 <34>ab5 <34>c', ['<34>ab', '<34>c'], 'octet counting'],
    ['counted, with a line feed in a message', '7 <34>a\nb', ['<34>a\nb'], 'octet counting'],
    ['counted, each with a line end that is not', '5 <34>a\r\n5 <34>b\n', ['<34>a', '<34>b'], 'octet counting'],
    ['lines', '<34>a\n<35>b\n', ['<34>a', '<35>b'], 'non-transparent'],
    ['lines without PRI', 'a\nb\n', ['a', 'b'], 'non-transparent'],
    ['ended by NUL', '<34>a\0<34>b\0', ['<34>a', '<34>b'], 'non-transparent'],
    ['lines with nothing between', '<34>a\n\n\r\n<34>b\n', ['<34>a', '<34>b'], 'non-transparent'],
    ['digits that are a text', '2026-11-21 a\n7 b\n', ['2026-11-21 a', '7 b'], 'non-transparent'],
    ['a number too long for a count', '1234567890 a\n', ['1234567890 a'], 'non-transparent'],
    ['a zero in front', '05 <34>a\n', ['05 <34>a'], 'non-transparent'],
  ])('%s', (_, input, messages, framing) => {
    expect(read(octets(input))).toEqual({ ...nothingWrong, messages, framing });
  });

  it('gives what came of the last message when it ends', () => {
    expect(read(octets('<34>a\n<34>b')).rest).toBe('<34>b');
    expect(read(octets('9 <34>ab')).rest).toBe('<34>ab');
    expect(read(octets('12')).rest).toBe('12');
    expect(read(octets('5 <34>a6 ')).rest).toBeNull();
  });

  it('cuts what is too long, and goes on behind it', () => {
    const long = 'x'.repeat(150);
    const cut = { ...nothingWrong, truncated: 1, messages: ['x'.repeat(100), '<34>a'] };
    for (const chunkBytes of [1, 7, 100, 1000]) {
      expect(read(octets(`${long}\n<34>a\n`), { chunkBytes })).toEqual({ ...cut, framing: 'non-transparent' });
      expect(read(octets(`150 ${long}5 <34>a`), { chunkBytes })).toEqual({ ...cut, framing: 'octet counting' });
    }
  });

  test.each(['5 <34>a<34>b', '5 <34>a0 ', '5 <34>a1234567890 b', '5 <34>a 5 <34>b'])(
    '%j cannot be read on',
    (input) => {
      const { messages, fault, rest } = read(octets(input));
      expect({ messages, rest }).toEqual({ messages: ['<34>a'], rest: null });
      expect(fault).toMatch(/message length/);
    },
  );

  const seed = Date.now();
  it(`is the same however it is cut into chunks (seed ${seed})`, () => {
    const piece = fc.oneof(
      fc.constantFrom('5 <34>a', '<34>a\n', '\n', '\0', '\r\n', '101 ', '999999999 ', '0', ' ', '7'),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), (pieces, chunkBytes) => {
        const input = octets(pieces.join(''));
        expect(read(input, { chunkBytes, most: 10 })).toEqual(read(input, { most: 10 }));
      }),
      { seed, numRuns: 2000 },
    );
  });

  it(`loses no message of either framing, whatever is in it (seed ${seed})`, () => {
    const message = fc.uint8Array({ minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (messages, chunkBytes) => {
        const counted = messages.flatMap((bytes) => [...octets(`${bytes.length} `), ...bytes]);
        expect(read(Uint8Array.from(counted), { chunkBytes }).messages).toEqual(messages.map(text));
        const lines = messages.map((bytes) => bytes.map((octet) => (octet === 10 || octet === 0 ? 32 : octet)));
        const joined = Uint8Array.from([...octets('<'), 10, ...lines.flatMap((bytes) => [...bytes, 10])]);
        expect(read(joined, { chunkBytes }).messages).toEqual(['<', ...lines.map(text)]);
      }),
      { seed, numRuns: 300 },
    );
  });

  it('looks at each octet about once, and keeps no more than a message', () => {
    // Each would take minutes if it were looked at from the beginning again and again.
    const inputs = [
      new Uint8Array(200_000),
      new Uint8Array(200_000).fill(10),
      octets('9'.repeat(9) + ' '.repeat(200_000)),
    ];
    for (const input of inputs) for (const chunkBytes of [1, 65_536]) read(input, { chunkBytes, most: 65_535 });
  });
});
