/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain), its first 64 bits. Not a secret keeper: a sender who makes two of
 * his own datagrams collide harms only his own.
 */
export function murmur3(view: DataView, length: number): bigint {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const wholeBytes = length - (length % 16);
  for (let at = 0; at < wholeBytes; at += 16) {
    h1 ^= mix(view.getUint32(at, true), c1, 15, c2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= mix(view.getUint32(at + 4, true), c2, 16, c3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= mix(view.getUint32(at + 8, true), c3, 17, c4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= mix(view.getUint32(at + 12, true), c4, 18, c1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }

  const word = (from: number): number => {
    let value = 0;
    for (let at = Math.min(from + 4, length) - 1; at >= from; at--) value = (value << 8) | view.getUint8(at);
    return value;
  };
  // A word of the tail that is not there is 0, and mixing 0 changes nothing.
  h1 ^= mix(word(wholeBytes), c1, 15, c2);
  h2 ^= mix(word(wholeBytes + 4), c2, 16, c3);
  h3 ^= mix(word(wholeBytes + 8), c3, 17, c4);
  h4 ^= mix(word(wholeBytes + 12), c4, 18, c1);

  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = (h1 + h2 + finish(h3) + finish(h4)) | 0;
  h2 = (h2 + h1) | 0;
  // Through memory: shifting and adding would make four numbers of it.
  result.setInt32(0, h2);
  result.setInt32(4, h1);
  return result.getBigUint64(0);
}

const result = new DataView(new ArrayBuffer(8));

const c1 = 0x239b961b;
const c2 = 0xab0e9789 | 0;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93 | 0;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

const mix = (word: number, first: number, by: number, second: number): number =>
  Math.imul(rotate(Math.imul(word, first), by), second);

function finish(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
