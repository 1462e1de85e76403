/** What PostgreSQL cannot hold in a text becomes U+FFFD: NUL and lone surrogates. */
export function storableText(text: string): string {
  return (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text).toWellFormed();
}

/** JSON that `jsonb` takes, whatever the value holds: big integers as decimal strings, texts made storable, keys too. */
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
