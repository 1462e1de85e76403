import { z } from 'zod';

/** Where a DNS server is asked. */
export interface DnsServerAddress {
  /** IPv4 or IPv6, without brackets. */
  address: string;
  port: number;
}

const dnsPort = 53;

/**
 * `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:53`; null: none of these. No names: a take-over cannot
 * wait for their resolution, which may need the very servers that are meant.
 */
export function readDnsServer(text: string, presetPort = dnsPort): DnsServerAddress | null {
  if (isIpv6(text)) return { address: text, port: presetPort };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const [, v6, v4, given] = parts ?? [];
  const port = given === undefined ? presetPort : Number(given);
  const address = v6 ?? v4 ?? '';
  const right = v6 === undefined ? isIpv4(address) : isIpv6(address);
  return right && port >= 1 && port <= 65_535 ? { address, port } : null;
}

const isIpv4 = (text: string): boolean => z.ipv4().safeParse(text).success;
const isIpv6 = (text: string): boolean => z.ipv6().safeParse(text).success;
