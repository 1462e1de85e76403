import { bitsOf, inNetwork, parseCidr, type IpAddress, type IpNetwork } from './ip-address.ts';

/** Ranges of which no address can be one host's: IANA's special-purpose registries (RFC 6890), and why. */
const unfit: readonly [string, string][] = [
  ['0.0.0.0/8', 'is of "this network"'],
  ['127.0.0.0/8', 'is a loopback address'],
  ['224.0.0.0/4', 'is a multicast address'],
  ['240.0.0.0/4', 'is reserved, or the broadcast address of all networks'],
  ['::/128', 'is the unspecified address'],
  ['::1/128', 'is a loopback address'],
  ['::ffff:0:0/96', 'is an IPv4 address in the form of IPv6'],
  ['ff00::/8', 'is a multicast address'],
];
const networks = unfit.map(([cidr, why]) => ({ network: parseCidr(cidr), why }));

/** Why an address can never be one that a host takes for its clients, as the end of a sentence; null: it may be. */
export function unfitAddress(ip: IpAddress): string | null {
  return networks.find(({ network }) => network && inNetwork(network, ip))?.why ?? null;
}

/** The same for a virtual address with the prefix length of its subnet. */
export function unfitVirtualAddress(cidr: string): string | null {
  const given = parseCidr(cidr);
  if (!given) return 'is no address with a prefix length';
  return given.prefix === 0 ? 'has no subnet: its prefix length is 0' : (unfitAddress(given) ?? edgeOfSubnet(given));
}

/** The first and the last address of a subnet of IPv4, and IPv6's subnet-router anycast address (RFC 4291 section 2.6.1). */
function edgeOfSubnet({ family, value, prefix }: IpNetwork): string | null {
  const hostBits = bitsOf(family) - prefix;
  // Links between two have no such addresses (RFC 3021, RFC 6164).
  if (hostBits < 2) return null;
  const host = value & ((1n << BigInt(hostBits)) - 1n);
  if (host === 0n) return 'is the address of its subnet itself, not of a host in it';
  return family === 4 && host === (1n << BigInt(hostBits)) - 1n ? 'is the broadcast address of its subnet' : null;
}
