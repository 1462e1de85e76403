import { encodeFlow } from './netflow9.ts';
import { encodeIpfix } from './ipfix.ts';
import { encodeVersion5 } from './netflow5.ts';

/** Version 9, 5 and IPFIX in turn: one flow a datagram, whose octets are the sequence number. */
export function encodeAnyFlow(
  run: number,
  sequence: number,
  { atMs, uptimeMs, templateEvery }: { atMs: number; uptimeMs: number; templateEvery: number },
): Buffer {
  // Each version counts by itself, so that each has its template in its first datagram.
  const withTemplate = Math.ceil(sequence / 3) % templateEvery === 1 % templateEvery;
  switch (sequence % 3) {
    case 1:
      return encodeFlow(run, sequence, atMs, uptimeMs, withTemplate);
    case 2:
      return encodeVersion5(run, sequence, atMs, uptimeMs);
    default:
      return encodeIpfix(run, sequence, atMs, withTemplate);
  }
}
