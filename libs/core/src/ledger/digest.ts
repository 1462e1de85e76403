import { type FramedDatagram, kindNumbers } from '../frame/index.ts';
import { murmur3 } from './murmur3.ts';
import { sameInBothCopies } from './sameness.ts';

/** A UDP payload and an address fit; it is used again for every datagram. */
const scratch = new Uint8Array(65_536 + 256);
const view = new DataView(scratch.buffer);

/**
 * 64 bits that both copies of a dual-fed datagram share: over kind, exporter's address and what the exporter sends alike
 * to both nodes (`sameInBothCopies`). Neither ports nor times count.
 */
export function digestOf({
  kind,
  sourceAddress,
  bytes,
}: Pick<FramedDatagram, 'kind' | 'sourceAddress' | 'bytes'>): bigint {
  let at = 0;
  scratch[at++] = kindNumbers[kind];
  for (let index = 0; index < sourceAddress.length; index++) scratch[at++] = sourceAddress.charCodeAt(index);
  scratch[at++] = 0;
  // Most of what comes, and always whole (`sameInBothCopies`): no list of ranges for each.
  if (kind === 'syslog') {
    scratch.set(bytes, at);
    return murmur3(view, at + bytes.length);
  }
  for (const [from, to] of sameInBothCopies({ kind, bytes })) {
    scratch.set(bytes.subarray(from, to), at);
    at += to - from;
  }
  return murmur3(view, at);
}
