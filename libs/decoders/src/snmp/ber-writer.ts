import { berTag } from './ber-reader.ts';

/** One element with a definite length (X.690 section 8.1). */
export function berElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 + lengthOctets(length).length, ...lengthOctets(length)];
  const element = new Uint8Array(head.length + length);
  element.set(head);
  let at = head.length;
  for (const content of contents) {
    element.set(content, at);
    at += content.length;
  }
  return element;
}

function lengthOctets(length: number): number[] {
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 0xff);
  return octets;
}

/** A whole number from -2^31 to 2^32 - 1 in as few octets as its sign allows (section 8.3). */
export function berInteger(value: number, tag: number = berTag.integer): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  do {
    octets.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (rest !== 0 && rest !== -1);
  const isNegative = ((octets[0] ?? 0) & 0x80) !== 0;
  if (isNegative !== value < 0) octets.unshift(value < 0 ? 0xff : 0);
  return berElement(tag, Uint8Array.from(octets));
}

export const berOctets = (octets: Uint8Array): Uint8Array => berElement(berTag.octetString, octets);

/** Dotted decimal; the first arc is 0 to 2 (section 8.19). */
export function berObjectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [40 * first + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 + (left % 128));
    return groups;
  });
  return berElement(berTag.objectIdentifier, Uint8Array.from(octets));
}
