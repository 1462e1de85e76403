/**
 * The sender's address as records name it: IPv4 senders of a dual-stack socket in their own form (RFC 4291 section
 * 2.5.5.2), link-local ones without the zone, which means nothing on another host (RFC 4007 section 6).
 */
export function sourceAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone === -1 ? address : address.slice(0, zone);
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare;
}
