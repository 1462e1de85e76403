/** As records name it: IPv4 in its own form, no zone. Empty: the connection is gone already. */
export function bareAddress(address: string | undefined): string {
  const [bare = ''] = (address ?? '').split('%');
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare;
}
