/** Dotted decimal as 32 bits; null: it is no IPv4 address. */
export function ipv4Bits(text: string): number | null {
  let bits = 0;
  let dots = 0;
  let octet = -1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 46 && octet >= 0 && dots < 3) {
      bits = bits * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (code >= 48 && code <= 57) {
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return null;
    } else return null;
  }
  return octet >= 0 && dots === 3 ? bits * 256 + octet : null;
}
