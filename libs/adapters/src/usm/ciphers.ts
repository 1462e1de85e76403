import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
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

export interface EngineTime {
  boots: number;
  timeSeconds: number;
}

/** With the salt that goes beside it. */
export function encrypted(
  priv: PrivProtocol,
  key: Buffer,
  { time, salt, plain }: { time: EngineTime; salt: bigint; plain: Uint8Array },
): { data: Buffer; privParameters: Buffer } {
  const privParameters = Buffer.alloc(8);
  privParameters.writeBigUInt64BE(salt);
  // RFC 3414 section 8.1.1.1: the engine's boots and a counter.
  if (priv === 'DES') privParameters.writeInt32BE(time.boots, 0);
  if (priv !== 'DES') {
    const cipher = createCipheriv(
      privProtocols[priv].cipher,
      key,
      aesStart(time.boots, time.timeSeconds, privParameters),
    );
    return { data: Buffer.concat([cipher.update(plain), cipher.final()]), privParameters };
  }
  const cipher = createCipheriv('des-ede3-cbc', tripled(key), desStart(key, privParameters));
  cipher.setAutoPadding(false);
  const padded = Buffer.concat([plain, Buffer.alloc((8 - (plain.length % 8)) % 8)]);
  return { data: Buffer.concat([cipher.update(padded), cipher.final()]), privParameters };
}

function aesStart(boots: number, timeSeconds: number, salt: Uint8Array): Buffer {
  const start = Buffer.alloc(16);
  start.writeInt32BE(boots, 0);
  start.writeInt32BE(timeSeconds, 4);
  start.set(salt, 8);
  return start;
}

function decryptedAes(cipher: string, key: Buffer, { engineBoots, engineTime, privParameters, data }: SecuredMessage) {
  const decipher = createDecipheriv(cipher, key, aesStart(engineBoots, engineTime, privParameters));
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/**
 * OpenSSL 3 keeps DES among what is not loaded. Triple DES with one key thrice is DES: the second pass undoes the first.
 */
function tripled(key: Buffer): Buffer {
  const des = key.subarray(0, 8);
  return Buffer.concat([des, des, des]);
}

function desStart(key: Buffer, salt: Uint8Array): Buffer {
  return Buffer.from(salt.map((octet, index) => octet ^ (key[8 + index] ?? 0)));
}

function decryptedDes(key: Buffer, salt: Uint8Array, data: Uint8Array): Buffer | null {
  if (data.length % 8 !== 0) return null;
  const decipher = createDecipheriv('des-ede3-cbc', tripled(key), desStart(key, salt));
  decipher.setAutoPadding(false);
  return Buffer.concat([decipher.update(data), decipher.final()]);
}
