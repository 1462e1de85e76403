export const isIpv6 = (address: string): boolean => address.includes(':');

/** The 4 or 16 bytes of an address, in the order of the network. IPv6 in the forms of RFC 4291 section 2.2. */
export function addressBytes(address: string): Uint8Array {
  return isIpv6(address) ? ipv6Bytes(address) : Uint8Array.from(address.split('.'), Number);
}

/** The same as one hexadecimal number, as nft 1.0.6 compares the target of a neighbour solicitation (RFC 4861 section 4.3). */
export const asNumber = (address: string): string => `0x${Buffer.from(addressBytes(address)).toString('hex')}`;

function ipv6Bytes(address: string): Uint8Array {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high = '0', low = '0') => ((Number(high) << 8) | Number(low)).toString(16);
  const plain = dotted
    ? `${address.slice(0, dotted.index)}${hex(dotted[1], dotted[2])}:${hex(dotted[3], dotted[4])}`
    : address;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  const all = [...front, ...Array<string>(missing).fill('0'), ...back].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}
