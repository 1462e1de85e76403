/** Whether two IPv4 networks (`192.0.2.0/24`, or a single address) share an address. */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [parse(one), parse(other)];
  if (!a || !b) return false;
  const bits = Math.min(a.bits, b.bits);
  // A shift by 32 is none in JavaScript.
  const mask = bits === 0 ? 0 : -1 << (32 - bits);
  return ((a.address ^ b.address) & mask) === 0;
}

function parse(cidr: string): { address: number; bits: number } | null {
  const [address = '', bits = '32'] = cidr.split('/');
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return { address: parts.reduce((sum, part) => (sum << 8) | part, 0), bits: Number(bits) };
}
