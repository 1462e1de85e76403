import { readDnsServer } from '@hotstandby/config';
import { CodedError } from '@hotstandby/contracts';
import { readPrivateFile } from './private-file.ts';

/** An account of a Kerberos realm, with a password or a keytab. */
export interface KerberosLogin {
  /** `svc-failover@AD.EXAMPLE.ORG`. */
  principal: string;
  /** With the password on its only line. */
  passwordFile?: string | undefined;
  keytabFile?: string | undefined;
  /** `192.0.2.10` or `192.0.2.10:88`; without any as the host's own Kerberos configuration says. */
  kdcs: readonly string[];
}

const kerberosPort = 88;
const mostPasswordBytes = 1000;

export const realmOf = ({ principal }: KerberosLogin): string => principal.slice(principal.lastIndexOf('@') + 1);

/** The password, or null where there is a keytab. Throws HS_DNS_PASSWORD_FILE, with nothing of the files in its message. */
export async function readLogin({ passwordFile, keytabFile }: KerberosLogin): Promise<string | null> {
  const refuse = (path: string, why: string) => new CodedError('HS_DNS_PASSWORD_FILE', `${path}: ${why}`);
  if (keytabFile !== undefined) {
    const keytab = await readPrivateFile(keytabFile, 'HS_DNS_PASSWORD_FILE');
    // The version of the format, 5.1 or 5.2: kinit says the same of others, and of an empty file.
    if (keytab[0] !== 5) throw refuse(keytabFile, 'it is no keytab');
    return null;
  }
  const path = passwordFile ?? '';
  const password = (await readPrivateFile(path, 'HS_DNS_PASSWORD_FILE')).toString('utf8').replace(/\r?\n$/, '');
  if (password === '') throw refuse(path, 'it is empty');
  if (/[\r\n\0]/.test(password)) throw refuse(path, 'it has more than one line');
  if (Buffer.byteLength(password) > mostPasswordBytes) throw refuse(path, 'it is too long for a password');
  return password;
}

/** Kerberos' own configuration for exactly these servers, whatever the host's says. Null: the host's counts. */
export function kerberosConfiguration(login: KerberosLogin): string | null {
  if (login.kdcs.length === 0) return null;
  const realm = realmOf(login);
  const kdcs = login.kdcs.map((kdc) => `    kdc = ${hostAndPort(kdc)}\n`).join('');
  return `[libdefaults]
  default_realm = ${realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
[realms]
  ${realm} = {
${kdcs}  }
`;
}

function hostAndPort(kdc: string): string {
  const { address, port } = readDnsServer(kdc, kerberosPort) ?? { address: kdc, port: kerberosPort };
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
