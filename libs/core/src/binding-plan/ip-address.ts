/** An IPv4 or IPv6 address as a number, so that two spellings of one address are equal. */
export interface IpAddress {
  family: 4 | 6;
  value: bigint;
}

export interface IpNetwork extends IpAddress {
  prefix: number;
}

/** Bits of an address of the family. */
export const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Null when the text is no address. IPv6 in the forms of RFC 4291 section 2.2, without a zone. */
export function parseIp(text: string): IpAddress | null {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === null ? null : { family: 4, value };
  }
  const value = parseIpv6(text);
  return value === null ? null : { family: 6, value };
}

/** `192.0.2.10/24`; the address is kept whole, not cut to the network. */
export function parseCidr(text: string): IpNetwork | null {
  const [address = '', prefixText = '', ...rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) return null;
  const prefix = Number(prefixText);
  return prefix <= bitsOf(ip.family) ? { ...ip, prefix } : null;
}

/** Whether `ip` is in the network that `network` (an interface's address with its prefix) is connected to. */
export function inNetwork(network: IpNetwork, ip: IpAddress): boolean {
  if (network.family !== ip.family) return false;
  const hostBits = BigInt(bitsOf(ip.family) - network.prefix);
  return network.value >> hostBits === ip.value >> hostBits;
}

export const sameIp = (one: IpAddress, other: IpAddress): boolean =>
  one.family === other.family && one.value === other.value;

function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '');
  const tail = groupsOf(halves[1] ?? '');
  if (!head || !tail) return null;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group (RFC 4291 section 2.2); without it all eight are there.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const embedded = parseIpv4(part);
      if (embedded === null) return null;
      groups.push(Number(embedded >> 16n), Number(embedded & 0xffffn));
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}
