import { bitsOf, parseCidr, parseIp, type IpAddress } from '../binding-plan/ip-address.ts';

/** Addresses from `first` to `last`, both included. */
interface Span {
  first: bigint;
  last: bigint;
}

/** A list of networks made ready for look-ups: spans in order that neither touch nor overlap, so that one is found by halving. */
export class PrefixTable {
  readonly #spans: Readonly<Record<4 | 6, readonly Span[]>>;
  /** Whether nothing was listed. */
  readonly isEmpty: boolean;

  /** `192.0.2.0/24`, `2001:db8::/32` or a single address; throws `RangeError` for anything else. */
  constructor(networks: readonly string[]) {
    const spans: Record<4 | 6, Span[]> = { 4: [], 6: [] };
    for (const text of networks) {
      const network = text.includes('/') ? parseCidr(text) : wholeAddress(text);
      if (!network) throw new RangeError(`${text} is no network`);
      const hostBits = BigInt(bitsOf(network.family) - network.prefix);
      const first = (network.value >> hostBits) << hostBits;
      spans[network.family].push({ first, last: first + (1n << hostBits) - 1n });
    }
    this.#spans = { 4: merged(spans[4]), 6: merged(spans[6]) };
    this.isEmpty = networks.length === 0;
  }

  /** False for what is no address, too. */
  matches(address: string): boolean {
    const ip = sourceIp(address);
    if (!ip) return false;
    const spans = this.#spans[ip.family];
    let [low, high] = [0, spans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const span = spans[middle];
      if (span && span.last < ip.value) low = middle + 1;
      else high = middle;
    }
    const found = spans[low];
    return found !== undefined && found.first <= ip.value;
  }
}

function wholeAddress(text: string) {
  const ip = parseIp(text);
  return ip && { ...ip, prefix: bitsOf(ip.family) };
}

function merged(spans: Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const last = result.at(-1);
    if (!last || span.first > last.last + 1n) result.push({ ...span });
    else if (span.last > last.last) last.last = span.last;
  }
  return result;
}

/** IPv4 in the form of IPv6 (RFC 4291 section 2.5.5.2) is IPv4; a zone does not count. */
function sourceIp(address: string): IpAddress | null {
  const zone = address.indexOf('%');
  const ip = parseIp(zone === -1 ? address : address.slice(0, zone));
  return ip?.family === 6 && ip.value >> 32n === 0xffffn ? { family: 4, value: ip.value & 0xffff_ffffn } : ip;
}

/**
 * Whose rate it is: an IPv4 address, or the /64 of an IPv6 one, for a host may take any address of its subnet (RFC 4291 section
 * 2.5.1).
 */
export function rateKey(address: string): string {
  if (!address.includes(':')) return address;
  const ip = sourceIp(address);
  if (ip?.family !== 6) return address;
  return `${(ip.value >> 64n).toString(16)}::/64`;
}
