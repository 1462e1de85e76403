/** IPv4 as a number; null when it is none. */
function ipv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

/** How many bits of a netmask (`255.255.255.0`, or `24`) are set; null when it is none, or leaves no network. */
export function prefixLength(mask: string): number | null {
  if (/^\d{1,2}$/.test(mask)) return Number(mask) >= 1 && Number(mask) <= 32 ? Number(mask) : null;
  const value = ipv4(mask);
  if (value === null || value === 0) return null;
  const bits = value.toString(2).padStart(32, '0');
  return /^1+0*$/.test(bits) ? (bits.indexOf('0') === -1 ? 32 : bits.indexOf('0')) : null;
}

/** Why an address cannot be a virtual one of its subnet; null when it can. */
export function whyNotVirtual(address: string, prefix: number): string | null {
  const value = ipv4(address);
  if (value === null) return 'an IPv4 address';
  const first = Math.floor(value / 2 ** 24);
  if (first === 0 || first === 127 || first >= 224) return 'an address that a host can have';
  const host = value % 2 ** (32 - prefix);
  if (prefix < 31 && host === 0) return `an address of a host, not the subnet's own (/${prefix})`;
  if (prefix < 31 && host === 2 ** (32 - prefix) - 1)
    return `an address of a host, not the subnet's broadcast (/${prefix})`;
  return null;
}
