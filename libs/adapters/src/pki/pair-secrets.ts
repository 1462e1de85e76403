import { randomBytes } from 'node:crypto';
import { createUser } from '@nats-io/nkeys';
import { makeAuthority } from './certificates.ts';

/** A file as data; `path` is relative to the node's folder. */
export interface NodeFile {
  path: string;
  content: string;
  /** Permission bits. */
  mode: number;
}

export interface SecretsOfNode {
  /** `keys/nats/...`: the CA, the leaf's certificate and key, and one nkey seed for each user. */
  files: NodeFile[];
  /** Public nkeys by user, for the server's configuration. */
  users: Record<string, string>;
}

/**
 * Makes everything by which the two nodes and their services know each other on NATS: a CA that forgets its key, a leaf
 * certificate for each node, an nkey for each user of each node, and the secret that both servers share.
 */
export async function makePairSecrets(options: {
  cluster: string;
  nodes: { name: string; address: string }[];
  users: readonly string[];
  nowMs?: number;
}): Promise<{ nodes: SecretsOfNode[]; leafSecret: string }> {
  const { cluster, nodes, users, nowMs = Date.now() } = options;
  const authority = await makeAuthority(cluster, nowMs);
  const made = nodes.map(async ({ name, address }): Promise<SecretsOfNode> => {
    const leaf = await authority.issue(name, [address]);
    const pairs = users.map((user) => ({ user, pair: createUser() }));
    const seeds = pairs.map(({ user, pair }) =>
      secret(`keys/nats/${user}.nk`, `${new TextDecoder().decode(pair.getSeed())}\n`),
    );
    return {
      files: [
        { path: 'keys/nats/ca.pem', content: authority.certificatePem, mode: 0o644 },
        { path: 'keys/nats/leaf.pem', content: leaf.certificatePem, mode: 0o644 },
        secret('keys/nats/leaf-key.pem', leaf.keyPem),
        ...seeds,
      ],
      users: Object.fromEntries(pairs.map(({ user, pair }) => [user, pair.getPublicKey()])),
    };
  });
  return { nodes: await Promise.all(made), leafSecret: randomBytes(32).toString('hex') };
}

const secret = (path: string, content: string): NodeFile => ({ path, content, mode: 0o600 });
