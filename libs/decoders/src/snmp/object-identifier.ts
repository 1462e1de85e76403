import type { BerElement } from './ber-reader.ts';

const maxArc = 0xffff_ffff;

/** An OBJECT IDENTIFIER in dotted decimal; null when the octets are none (X.690 section 8.19; arcs of 32 bits, RFC 2578 section 3.5). */
export function objectIdentifierText(bytes: Uint8Array, { start, end }: BerElement): string | null {
  if (end === start) return null;
  let text = '';
  let arc = 0;
  for (let index = start; index < end; index += 1) {
    const octet = bytes[index] ?? 0;
    arc = arc * 128 + (octet & 0x7f);
    if (arc > maxArc) return null;
    if (octet & 0x80) continue;
    if (text === '') {
      // The first two arcs share an octet: 40 * first + second, and the first is 0, 1 or 2.
      const first = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      text = `${first}.${arc - 40 * first}`;
    } else {
      text += `.${arc}`;
    }
    arc = 0;
  }
  return (bytes[end - 1] ?? 0) & 0x80 ? null : text;
}
