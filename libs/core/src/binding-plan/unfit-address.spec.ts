import { expect, it } from 'vitest';
import { unfitVirtualAddress } from './unfit-address.ts';

it.each([
  ['192.0.2.100/24', null],
  ['192.0.2.100/32', null],
  ['192.0.2.0/31', null],
  ['10.0.0.255/16', null],
  ['2001:db8::100/64', null],
  ['fe80::100/64', null],
  ['2001:db8::/127', null],
  ['192.0.2.100/0', 'prefix length is 0'],
  ['192.0.2.100/33', 'no address'],
  ['192.0.2.0/24', 'its subnet itself'],
  ['192.0.2.255/24', 'broadcast address of its subnet'],
  ['192.0.2.103/30', 'broadcast address of its subnet'],
  ['224.0.0.18/24', 'multicast'],
  ['239.255.255.250/24', 'multicast'],
  ['255.255.255.255/32', 'broadcast address of all'],
  ['0.0.0.0/24', 'this network'],
  ['127.0.0.5/8', 'loopback'],
  ['::/64', 'unspecified'],
  ['::1/128', 'loopback'],
  ['ff02::12/64', 'multicast'],
  ['2001:db8::/64', 'its subnet itself'],
  ['::ffff:192.0.2.1/120', 'form of IPv6'],
])('%s: %s', (cidr, why) => {
  const said = unfitVirtualAddress(cidr);
  if (why === null) expect(said).toBeNull();
  else expect(said).toContain(why);
});
