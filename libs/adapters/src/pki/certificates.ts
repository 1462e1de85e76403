// The library looks for its metadata polyfill the moment it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const lifetimeMs = 10 * 365 * 86_400_000;
// A node whose clock is behind must not refuse what was just made.
const backdateMs = 86_400_000;

export interface Authority {
  certificatePem: string;
  /** Signs for one node: a certificate for both ends of TLS, valid for these names and addresses. */
  issue(name: string, addresses: string[]): Promise<{ certificatePem: string; keyPem: string }>;
}

/** A certificate authority of the pair's own. Its key is never written: when `issue` is gone, nothing more can be issued. */
export async function makeAuthority(cluster: string, nowMs: number): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const validity = { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + lifetimeMs) };
  const authority = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: `CN=hotstandby ${cluster} CA`,
      ...validity,
      signingAlgorithm: signing,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return {
    certificatePem: pem(authority),
    async issue(name, addresses) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.create(
        {
          serialNumber: serialNumber(),
          subject: `CN=${name}`,
          issuer: authority.subject,
          ...validity,
          signingAlgorithm: signing,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          extensions: [
            new BasicConstraintsExtension(false, undefined, true),
            new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
            new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
            new SubjectAlternativeNameExtension([
              { type: 'dns', value: name },
              ...addresses.map((value) => ({ type: 'ip' as const, value })),
            ]),
            await AuthorityKeyIdentifierExtension.create(authority, false, webcrypto),
          ],
        },
        webcrypto,
      );
      const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
      return { certificatePem: pem(certificate), keyPem: `${PemConverter.encode(key, 'PRIVATE KEY')}\n` };
    },
  };
}

const pem = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

/** Random and positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
