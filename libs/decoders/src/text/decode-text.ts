// ignoreBOM: a byte order mark stays in the text, so that RFC 5424's rule about it can be applied where it holds.
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text as a record may hold it. `altered` says what was replaced by U+FFFD, null: nothing, the text is the octets. */
export interface DecodedText {
  text: string;
  altered: 'not UTF-8' | 'NUL inside' | null;
}

/** UTF-8 to text. PostgreSQL's text and jsonb cannot hold NUL, so it becomes U+FFFD like what is not UTF-8. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const text = lenient.decode(bytes);
  if (text.includes('\u0000')) return { text: text.replaceAll('\u0000', '\uFFFD'), altered: 'NUL inside' };
  return { text, altered: text.includes('\uFFFD') && !isUtf8(bytes) ? 'not UTF-8' : null };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
