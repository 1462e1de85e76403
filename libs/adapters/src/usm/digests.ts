import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SecuredMessage } from '@hotstandby/ports';

/** Hash, and how many octets of the HMAC are sent: RFC 3414 sections 6 and 7, RFC 7860 section 4. */
export const authProtocols = {
  MD5: { hash: 'md5', sentBytes: 12 },
  SHA: { hash: 'sha1', sentBytes: 12 },
  'SHA-224': { hash: 'sha224', sentBytes: 16 },
  'SHA-256': { hash: 'sha256', sentBytes: 24 },
  'SHA-384': { hash: 'sha384', sentBytes: 32 },
  'SHA-512': { hash: 'sha512', sentBytes: 48 },
} as const;
export type AuthProtocol = keyof typeof authProtocols;

const stretchedBytes = 1_048_576;

/** Password to key (RFC 3414 appendix A.2): the hash of a mebibyte of it. */
export function keyOf(protocol: AuthProtocol, password: Uint8Array): Buffer {
  return createHash(authProtocols[protocol].hash).update(Buffer.alloc(stretchedBytes, password)).digest();
}

/** The key for one engine (RFC 3414 section 2.6). */
export function localised(protocol: AuthProtocol, key: Uint8Array, engineId: Uint8Array): Buffer {
  return createHash(authProtocols[protocol].hash).update(key).update(engineId).update(key).digest();
}

/** Whether the message was made by who has the key, and is as it was made. */
export function isAuthentic(protocol: AuthProtocol, key: Uint8Array, message: SecuredMessage): boolean {
  const { bytes, authParameters } = message;
  const { hash, sentBytes } = authProtocols[protocol];
  const { start, end } = authParameters;
  if (end - start !== sentBytes) return false;
  const made = createHmac(hash, key)
    .update(bytes.subarray(0, start))
    .update(Buffer.alloc(sentBytes))
    .update(bytes.subarray(end))
    .digest();
  return timingSafeEqual(made.subarray(0, sentBytes), bytes.subarray(start, end));
}

/** What is sent of the HMAC of a message in which zeros stand for it. */
export function digestOf(protocol: AuthProtocol, key: Uint8Array, message: Uint8Array): Buffer {
  const { hash, sentBytes } = authProtocols[protocol];
  return createHmac(hash, key).update(message).digest().subarray(0, sentBytes);
}
