import { isIPv4, isIPv6 } from 'node:net';

/** `\r\n\r\n\0\r\nQUIT\n`, version 2 and command PROXY. */
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21];
const datagramOver = { ipv4: 0x12, ipv6: 0x22, unknown: 0x00 } as const;

/**
 * The header of the PROXY protocol, version 2 (HAProxy, "The PROXY protocol", section 2.2), of a datagram: it came from its source to the
 * port of this node that is named, and goes on to `to`. 28 octets for IPv4, 52 for IPv6. The destination's address is that of `to`, or zeros where the families differ.
 */
export function proxyHeader(
  from: { sourceAddress: string; sourcePort: number; localPort: number },
  to: { address: string },
): Buffer {
  const source = addressOctets(from.sourceAddress.split('%')[0] ?? '');
  if (!source) return Buffer.from([...signature, datagramOver.unknown, 0, 0]);
  const four = source.length === 4;
  const there = addressOctets(to.address);
  const destination = there?.length === source.length ? there : source.map(() => 0);
  const content = [...source, ...destination, ...word(from.sourcePort), ...word(from.localPort)];
  return Buffer.from([...signature, four ? datagramOver.ipv4 : datagramOver.ipv6, ...word(content.length), ...content]);
}

const word = (value: number): number[] => [(value >> 8) & 255, value & 255];

function addressOctets(address: string): number[] | null {
  if (isIPv4(address)) return address.split('.').map(Number);
  if (!isIPv6(address)) return null;
  const [head = '', tail] = address.split('::', 2);
  const [before, after] = [groupOctets(head), groupOctets(tail ?? '')];
  return [...before, ...Array.from({ length: 16 - before.length - after.length }, () => 0), ...after];
}

function groupOctets(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    return word(Number.parseInt(group, 16));
  });
}
