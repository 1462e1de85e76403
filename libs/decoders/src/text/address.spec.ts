import { expect, test } from 'vitest';
import { ipv4Text, ipv6Text } from './address.ts';

test('IPv4', () => {
  expect(ipv4Text(Uint8Array.of(9, 192, 0, 2, 255), 1)).toBe('192.0.2.255');
});

// RFC 5952 sections 4 and 5.
test.each([
  ['20010db8000000000000000000000001', '2001:db8::1'],
  ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
  ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['20010000000000010000000000000001', '2001:0:0:1::1'],
  ['20010db8aaaaaaaaaaaaaaaaaaaa0000', '2001:db8:aaaa:aaaa:aaaa:aaaa:aaaa:0'],
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['fe800000000000000000000000000000', 'fe80::'],
  ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
])('IPv6 %s is %s', (hex, text) => {
  expect(ipv6Text(Uint8Array.from(Buffer.from(hex, 'hex')), 0)).toBe(text);
});
