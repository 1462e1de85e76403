import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import { nkeyAuthenticator, nkeys, type Authenticator, type TlsOptions } from '@nats-io/transport-node';

export interface Credentials {
  authenticator: Authenticator;
  tls: TlsOptions | null;
}

/** Reads `<keysDir>/<user>.nk` and the CA anew, so that a key put right is taken at the next try. Throws `HS_NATS_REFUSED`. */
export async function readCredentials(keysDir: string, user: string, caFile?: string): Promise<Credentials> {
  const seedFile = join(keysDir, `${user}.nk`);
  const seed = (await readKeyFile(seedFile)).trim();
  const bytes = new TextEncoder().encode(seed);
  try {
    nkeys.fromSeed(bytes);
  } catch {
    // Without the cause: it may quote the seed.
    throw new CodedError('HS_NATS_REFUSED', `${seedFile} does not hold an nkey seed`);
  }
  const tls = caFile === undefined ? null : { ca: await readKeyFile(caFile) };
  return { authenticator: nkeyAuthenticator(bytes), tls };
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as { code?: string }).code ?? 'unreadable';
    throw new CodedError('HS_NATS_REFUSED', `the key file ${path} cannot be read (${why})`, { cause });
  }
}
