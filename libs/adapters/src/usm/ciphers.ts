import { createDecipheriv, createHash } from 'node:crypto';
import type { SecuredMessage } from '@hotstandby/ports';
import { authProtocols, keyOf, localised, type AuthProtocol } from './digests.ts';

/**
 * RFC 3414 section 8 (DES) and RFC 3826 (AES-128). AES-192 and AES-256 need more key than some digests give. Two ways to
 * extend it are in use: draft-blumenthal-aes-usm-04 (net-snmp), and draft-reeder-snmpv3-usm-3desede-00 (Cisco, with
 * `-C` as net-snmp names it).
 */
export const privProtocols = {
  DES: { cipher: 'des', keyBytes: 16, extension: 'none' },
  AES: { cipher: 'aes-128-cfb', keyBytes: 16, extension: 'none' },
  'AES-192': { cipher: 'aes-192-cfb', keyBytes: 24, extension: 'blumenthal' },
  'AES-256': { cipher: 'aes-256-cfb', keyBytes: 32, extension: 'blumenthal' },
  'AES-192-C': { cipher: 'aes-192-cfb', keyBytes: 24, extension: 'reeder' },
  'AES-256-C': { cipher: 'aes-256-cfb', keyBytes: 32, extension: 'reeder' },
} as const;
export type PrivProtocol = keyof typeof privProtocols;

/** The localised privacy key, as long as the cipher wants it. */
export function privacyKey(priv: PrivProtocol, auth: AuthProtocol, key: Uint8Array, engineId: Uint8Array): Buffer {
  const { keyBytes, extension } = privProtocols[priv];
  let extended = localised(auth, key, engineId);
  let last = extended;
  while (extended.length < keyBytes) {
    last =
      extension === 'reeder'
        ? localised(auth, keyOf(auth, last), engineId)
        : createHash(authProtocols[auth].hash).update(extended).digest();
    extended = Buffer.concat([extended, last]);
  }
  return extended.subarray(0, keyBytes);
}

/** Null: the lengths are none of the protocol's. */
export function decrypted(priv: PrivProtocol, key: Buffer, message: SecuredMessage): Buffer | null {
  const { data, privParameters: salt } = message;
  if (salt.length !== 8) return null;
  return priv === 'DES' ? decryptedDes(key, salt, data) : decryptedAes(privProtocols[priv].cipher, key, message);
}

function decryptedAes(cipher: string, key: Buffer, { engineBoots, engineTime, privParameters, data }: SecuredMessage) {
  const start = Buffer.alloc(16);
  start.writeInt32BE(engineBoots, 0);
  start.writeInt32BE(engineTime, 4);
  start.set(privParameters, 8);
  const decipher = createDecipheriv(cipher, key, start);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/**
 * OpenSSL 3 keeps DES among what is not loaded. Triple DES with one key thrice is DES: the second pass undoes the first.
 */
function decryptedDes(key: Buffer, salt: Uint8Array, data: Uint8Array): Buffer | null {
  if (data.length % 8 !== 0) return null;
  const des = key.subarray(0, 8);
  const start = Buffer.from(salt.map((octet, index) => octet ^ (key[8 + index] ?? 0)));
  const decipher = createDecipheriv('des-ede3-cbc', Buffer.concat([des, des, des]), start);
  decipher.setAutoPadding(false);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}
