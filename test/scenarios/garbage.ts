import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'datagrams');
/** The largest payload of a UDP datagram over IPv4. */
const largest = 65_507;

/** A small generator with a seed (mulberry32): the same seed makes the same garbage. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Datagrams that no decoder should take as they are: of every length, random, torn, with wrong lengths, of other protocols. */
export function garbage(random: () => number, kind: 'syslog' | 'traps' | 'flows'): Buffer[] {
  const whole = readFileSync(join(fixtures, `${kind}.txt`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line.split(' ')[1] ?? '', 'hex'));
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
  const lengths = [
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    15,
    16,
    19,
    20,
    23,
    24,
    63,
    64,
    255,
    256,
    1472,
    1473,
    9000,
    largest - 1,
    largest,
  ];
  const torn = whole.flatMap((one) => Array.from({ length: 6 }, () => one.subarray(0, below(one.length))));
  const flipped = whole.flatMap((one) =>
    Array.from({ length: 6 }, () => {
      const copy = Buffer.from(one);
      for (let count = 0; count < 4; count++) copy[below(copy.length)] = below(256);
      return copy;
    }),
  );
  return [
    ...lengths.map(bytes),
    ...[0x00, 0xff, 0x30, 0x3c, 0x0a].map((value) => Buffer.alloc(2000, value)),
    ...torn,
    ...flipped,
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from(`<999>1 ${'\u{1f4a9}'.repeat(500)}\0\0\r\n`),
    Buffer.from(`<34>1 2026-02-31T25:61:61.9999999999Z - - - - [a b="${'\\'.repeat(300)}]`),
    // SNMP: lengths that lie, and sequences in sequences in sequences.
    Buffer.from('3084ffffffff020100', 'hex'),
    Buffer.concat(Array.from({ length: 700 }, () => Buffer.from('3080', 'hex'))),
    // NetFlow v9 and IPFIX: template flow sets of no length, of too great a length, with fields of no size.
    Buffer.from('0009ffff000000010000000100000001000000010000000000000000', 'hex'),
    Buffer.from('000a0018000000010000000100000001000200080100ffff', 'hex'),
    Buffer.from('0009000100000001000000010000000100000001000000100100000200010000000200000000', 'hex'),
    Buffer.from('0005ffff0000000100000001000000010000000100000000', 'hex'),
  ];
}

/** Sends them one by one; resolves when the kernel has all of them. */
export async function sendAll(datagrams: readonly Buffer[], address: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  for (const datagram of datagrams)
    await new Promise<void>((resolve) => socket.send(datagram, port, address, () => resolve()));
  socket.close();
}
