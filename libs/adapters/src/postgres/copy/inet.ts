import { isIP } from 'node:net';

const family = { 4: 2, 6: 3 } as const;
const mostRemembered = 4096;
const remembered = new Map<string, Uint8Array | null>();

/**
 * An address as `inet` is sent in binary: family, bits, no network, length, octets. Null: it is none, or has a zone
 * (`fe80::1%eth0`), which names an interface of the node and says nothing here.
 */
export function inetOf(address: string): Uint8Array | null {
  const known = remembered.get(address);
  if (known !== undefined) return known;
  if (remembered.size >= mostRemembered) remembered.clear();
  const inet = parse(address);
  remembered.set(address, inet);
  return inet;
}

function parse(address: string): Uint8Array | null {
  const version = isIP(address);
  if (version === 4) return wrap(family[4], octetsOf4(address));
  if (version === 6 && !address.includes('%')) return wrap(family[6], octetsOf6(address));
  return null;
}

const wrap = (kind: number, octets: number[]): Uint8Array =>
  Uint8Array.from([kind, octets.length * 8, 0, octets.length, ...octets]);

const octetsOf4 = (address: string): number[] => address.split('.').map(Number);

function octetsOf6(address: string): number[] {
  const [head = '', tail] = address.split('::', 2);
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  return [...before, ...Array.from({ length: 16 - before.length - after.length }, () => 0), ...after];
}

/** Octets of groups of hex digits; the last group may be an IPv4 address (RFC 4291 section 2.2). */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return octetsOf4(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
