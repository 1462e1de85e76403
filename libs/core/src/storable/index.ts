/**
 * Values of records as any of the stores can hold them, so that the same record looks the same in each. Whatever a value is,
 * nothing here throws.
 */

/** What not every database can hold in a text becomes U+FFFD: NUL and lone surrogates. */
export function storableText(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed();
}

/** JSON that every database takes, whatever the value holds: big integers as decimal strings, texts made storable, keys too. */
export function storableJson(value: unknown): string {
  const text = jsonOf(value) ?? 'null';
  // Only then is there anything to make storable; nearly never.
  return /\\u(0000|d[89a-f])/i.test(text) ? JSON.stringify(cleaned(JSON.parse(text))) : text;
}

/** A replacer makes `stringify` several times slower, and records hold no big integers: only where it fails. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
  }
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storableText(key), cleaned(inner)]));
}

const integerRanges = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** Signed integers of 2, 4 and 8 octets. */
export type IntegerType = keyof typeof integerRanges;

/** Whether an integer column can hold the value, exactly. */
export function inRange(type: IntegerType, value: unknown): value is number | bigint {
  const [least, most] = integerRanges[type];
  if (typeof value !== 'bigint') return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
  return value >= least && value <= most;
}

/** Some words for people of a value that was left out. */
export function inWords(value: unknown, most = 200): string {
  const text = typeof value === 'string' || typeof value === 'bigint' ? String(value) : storableJson(value);
  return storableText(text.length > most ? `${text.slice(0, most)}...` : text);
}
