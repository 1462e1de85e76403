/** The number of `count` digits at `at`; NaN when one of them is none. */
export function digitsIn(octets: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = (octets[index] ?? 0) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `hh:mm:ss` as ms since midnight; NaN when it is not that, or no time of day. Second 60 is not plain. */
export function clockIn(octets: Uint8Array, at: number): number {
  if (octets[at + 2] !== 0x3a || octets[at + 5] !== 0x3a) return NaN;
  const hour = digitsIn(octets, at, 2);
  const minute = digitsIn(octets, at + 3, 2);
  const second = digitsIn(octets, at + 6, 2);
  return hour <= 23 && minute <= 59 && second <= 59 ? ((hour * 60 + minute) * 60 + second) * 1000 : NaN;
}

/** Where the next `octet` is from `at` on, before `end`; -1: nowhere. */
export function findIn(octets: Uint8Array, octet: number, at: number, end: number): number {
  for (let index = at; index < end; index += 1) if (octets[index] === octet) return index;
  return -1;
}

/** Whether all before `end` is ASCII without NUL. */
export function isPlainText(octets: Uint8Array, end: number): boolean {
  let every = 0;
  for (let index = 0; index < end; index += 1) {
    const octet = octets[index] ?? 0;
    if (octet === 0) return false;
    every |= octet;
  }
  return every < 0x80;
}
