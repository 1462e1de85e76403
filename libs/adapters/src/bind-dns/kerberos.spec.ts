import { expect, it } from 'vitest';
import { kerberosConfiguration } from './kerberos-login.ts';
import { kinitFault, ticketLifeMs } from './kinit.ts';
import { updateFault } from './update-fault.ts';

it('knows what kinit means', () => {
  const code = (stderr: string) => kinitFault('R', `kinit: ${stderr} while getting initial credentials`).code;
  expect(code('Password incorrect')).toBe('HS_DNS_LOGIN');
  expect(code('Preauthentication failed')).toBe('HS_DNS_LOGIN');
  expect(code("Client 'x@R' not found in Kerberos database")).toBe('HS_DNS_LOGIN');
  expect(code("Client's credentials have been revoked")).toBe('HS_DNS_LOGIN');
  expect(code('Password has expired')).toBe('HS_DNS_LOGIN');
  expect(code('Keytab contains no suitable keys for x@R')).toBe('HS_DNS_LOGIN');
  expect(code("Pre-authentication failed: Key table file '/k' not found")).toBe('HS_DNS_PASSWORD_FILE');
  expect(code("Cannot contact any KDC for realm 'R'")).toBe('HS_DNS_KDC');
  expect(code('Cannot find KDC for realm "R"')).toBe('HS_DNS_KDC');
  expect(code('Clock skew too great')).toBe('HS_DNS_CLOCK');
  expect(kinitFault('R', 'kinit: quotes s3cret').message).not.toContain('s3cret');
});

it('knows what nsupdate says of tickets', () => {
  const gss =
    'tkey query failed: GSSAPI error: Major = Unspecified GSS failure.  Minor code may provide more information, Minor =';
  const code = (stderr: string) => updateFault('s', stderr).code;
  expect(code(`${gss} Cannot contact any KDC for realm 'R'.`)).toBe('HS_DNS_KDC');
  expect(code(`${gss} Server DNS/ns@R not found in Kerberos database.`)).toBe('HS_DNS_TICKET');
  expect(code(`${gss} Ticket expired.`)).toBe('HS_DNS_TICKET');
  expect(code(`${gss} Clock skew too great.`)).toBe('HS_DNS_CLOCK');
  expect(code('dns_tkey_gssnegotiate: TKEY is unacceptable')).toBe('HS_DNS_TICKET');
  expect(code("specified zone 'example.org' does not exist (NXDOMAIN)")).toBe('HS_DNS_ZONE');
  // Samba's answers do not verify; what they say is taken, where they say something.
  const samba = '; TSIG error with server: tsig verify failure';
  expect(code(samba)).toBe('HS_DNS_UNVERIFIED');
  expect(code(`${samba}\nupdate failed: NXRRSET`)).toBe('HS_DNS_CHANGED');
  expect(code(`${samba}\nupdate failed: SERVFAIL`)).toBe('HS_DNS_FAILED');
});

it('reads from klist how long a ticket lasts', () => {
  const list = (start: string, end: string) => `Ticket cache: FILE:/x
Default principal: svc@R

Valid starting     Expires            Service principal
${start}  ${end}  krbtgt/R@R
\trenew until 11/22/26 18:16:24
${start}  12/31/29 00:00:00  DNS/ns@R
`;
  expect(ticketLifeMs(list('12/31/26 18:16:24', '01/01/27 04:16:24'))).toBe(36_000_000);
  expect(ticketLifeMs(list('12/31/2026 18:16:24', '01/01/2027 04:16:24'))).toBe(36_000_000);
  expect(ticketLifeMs(list('11/21/26 18:16:24', '11/21/26 18:16:24'))).toBeNull();
  expect(ticketLifeMs('Nov 21 18:16:24 2026 ...')).toBeNull();
});

it('names exactly the configured KDCs', () => {
  const login = { principal: 'svc@EXAMPLE.TEST', kdcs: ['192.0.2.10', '192.0.2.11:10088', '2001:db8::1'] };
  const text = kerberosConfiguration(login) ?? '';
  for (const kdc of ['192.0.2.10:88', '192.0.2.11:10088', '[2001:db8::1]:88']) expect(text).toContain(`kdc = ${kdc}\n`);
  expect(text).toContain('default_realm = EXAMPLE.TEST\n');
  expect(kerberosConfiguration({ ...login, kdcs: [] })).toBeNull();
});
