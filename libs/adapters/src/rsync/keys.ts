import { generateKeyPairSync, randomBytes } from 'node:crypto';

export interface KeyFile {
  /** Relative to the node's folder. */
  path: string;
  content: string;
  mode: number;
}

/**
 * The SSH keys of a pair: for each node its own key, the peer's as the only authorised one, a host key, and the peer's
 * host key pinned under the peer's name. Made with Node's own crypto, so that set-up needs no program for it.
 */
export function makeSshKeys(nodes: readonly [string, string]): Record<string, KeyFile[]> {
  const made = nodes.map((name) => ({ name, id: makeKey(`file-sync@${name}`), host: makeKey(`host@${name}`) }));
  const [first, second] = made;
  if (!first || !second || first.name === second.name) throw new Error('a pair has two nodes with two names');
  const files = (own: typeof first, peer: typeof first): KeyFile[] =>
    [
      { name: 'id', content: own.id.privateKey, mode: 0o600 },
      { name: 'id.pub', content: own.id.publicKey, mode: 0o644 },
      { name: 'authorized', content: `restrict ${peer.id.publicKey}`, mode: 0o600 },
      { name: 'host', content: own.host.privateKey, mode: 0o600 },
      { name: 'host.pub', content: own.host.publicKey, mode: 0o644 },
      { name: 'known_hosts', content: `${peer.name} ${peer.host.publicKey}`, mode: 0o644 },
    ].map(({ name, content, mode }) => ({ path: `keys/ssh/${name}`, content, mode }));
  return { [first.name]: files(first, second), [second.name]: files(second, first) };
}

const type = 'ssh-ed25519';

/** An Ed25519 pair; the private key in OpenSSH's own format (PROTOCOL.key), without a passphrase. */
function makeKey(comment: string): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const blob = Buffer.concat([text(type), text(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, blob, text(Buffer.concat([seed, point])), text(comment)]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.from([0, 0, 0, 1]),
    text(blob),
    text(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    publicKey: `${type} ${blob.toString('base64')} ${comment}\n`,
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`,
  };
}

/** A string of RFC 4251 section 5: its length in four bytes, then it. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
