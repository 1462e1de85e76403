import type { Chance } from './chance.ts';

/** As large as a datagram can be, and a little more. */
export const mostInputBytes = 65_600;

const edges = [0, 1, 2, 3, 4, 0x7f, 0x80, 0x81, 0x84, 0xfe, 0xff];
const edges16 = [0, 1, 3, 4, 0x7fff, 0x8000, 0xfffe, 0xffff, 255, 256, 0x0100];
const edges32 = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0001_0000];

type Mutation = (bytes: Uint8Array, chance: Chance, words: readonly Uint8Array[], other: Uint8Array) => Uint8Array;

const mutations: Mutation[] = [
  (bytes, chance) => withOctet(bytes, chance.below(bytes.length), (octet) => octet ^ (1 << chance.below(8))),
  (bytes, chance) => withOctet(bytes, chance.below(bytes.length), () => chance.below(256)),
  (bytes, chance) => withOctet(bytes, chance.below(bytes.length), () => chance.pick(edges)),
  (bytes, chance) => withOctet(bytes, chance.below(bytes.length), (octet) => octet + chance.below(9) - 4),
  (bytes, chance) => withNumber(bytes, chance, 2, chance.pick(edges16)),
  (bytes, chance) => withNumber(bytes, chance, 4, chance.pick(edges32)),
  // A length that is right: of what is behind it.
  (bytes, chance) => {
    const at = chance.below(bytes.length);
    return withNumberAt(bytes, at, 2, bytes.length - at + chance.below(9) - 4);
  },
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length)),
  (bytes, chance) => without(bytes, chance.below(bytes.length), 1 + chance.below(8)),
  (bytes, chance) => without(bytes, chance.below(bytes.length), chance.below(bytes.length)),
  (bytes, chance) => inserted(bytes, chance.below(bytes.length + 1), randomOctets(chance, 1 + chance.below(8))),
  (bytes, chance, words) => inserted(bytes, chance.below(bytes.length + 1), chance.pick(words)),
  (bytes, chance, words) => overwritten(bytes, chance.below(bytes.length + 1), chance.pick(words)),
  (bytes, chance) => inserted(bytes, chance.below(bytes.length + 1), part(bytes, chance)),
  (bytes, chance, _, other) => inserted(bytes, chance.below(bytes.length + 1), part(other, chance)),
  (bytes, chance, _, other) => joined(bytes.subarray(0, chance.below(bytes.length)), part(other, chance)),
  // A part many times: floods, long fields, deep nesting.
  (bytes, chance) => {
    const repeated = part(bytes, chance);
    const times = 1 << chance.below(chance.below(8) === 0 ? 14 : 7);
    const count = Math.min(times, Math.floor(mostInputBytes / Math.max(1, repeated.length)));
    return inserted(bytes, chance.below(bytes.length + 1), joined(...Array<Uint8Array>(count).fill(repeated)));
  },
];

/** Another input made from this one, by one to a few changes. `other`: one to take parts of. */
export function mutated(
  bytes: Uint8Array,
  chance: Chance,
  words: readonly Uint8Array[],
  other: Uint8Array,
): Uint8Array {
  let result = bytes;
  for (let left = 1 + chance.below(1 << chance.below(4)); left > 0; left--)
    result = chance.pick(mutations)(result.length === 0 ? Uint8Array.of(0) : result, chance, words, other);
  return result.length > mostInputBytes ? result.subarray(0, mostInputBytes) : result;
}

function part(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(bytes.length);
  const longest = chance.below(3) === 0 ? bytes.length - at : Math.min(16, bytes.length - at);
  return bytes.subarray(at, at + 1 + chance.below(longest));
}

function randomOctets(chance: Chance, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => chance.below(256));
}

function withOctet(bytes: Uint8Array, at: number, change: (octet: number) => number): Uint8Array {
  return bytes.length === 0 ? bytes : bytes.with(at, change(bytes[at] ?? 0) & 0xff);
}

function withNumber(bytes: Uint8Array, chance: Chance, size: number, value: number): Uint8Array {
  return withNumberAt(bytes, chance.below(bytes.length), size, value);
}

function withNumberAt(bytes: Uint8Array, at: number, size: number, value: number): Uint8Array {
  const octets = Uint8Array.from({ length: size }, (_, index) => Math.floor(value / 256 ** (size - 1 - index)) & 0xff);
  return overwritten(bytes, at, octets);
}

function overwritten(bytes: Uint8Array, at: number, octets: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(octets.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
  return copy;
}

const without = (bytes: Uint8Array, at: number, length: number): Uint8Array =>
  joined(bytes.subarray(0, at), bytes.subarray(at + length));

const inserted = (bytes: Uint8Array, at: number, octets: Uint8Array): Uint8Array =>
  joined(bytes.subarray(0, at), octets, bytes.subarray(at));

export function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}
