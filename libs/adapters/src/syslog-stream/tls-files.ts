import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { NodeConfig } from '@hotstandby/config';
import { CodedError } from '@hotstandby/contracts';
import type { Cancel, Clock, Logger } from '@hotstandby/ports';

type TlsConfig = NodeConfig['collector']['tls'];

const lookEveryMs = 5000;

/** Certificate, key and CAs of the TLS ports. Throws `HS_TLS_FILES` when they cannot be used together. */
export async function readTlsFiles({ certFile, keyFile, caFile }: TlsConfig): Promise<SecureContextOptions> {
  try {
    const [cert, key, ca] = await Promise.all([certFile, keyFile, caFile].map(async (file) => file && readFile(file)));
    const files: SecureContextOptions = { cert, key, ca: ca || undefined, minVersion: 'TLSv1.2' };
    if (!cert || !key) throw new Error('certFile and keyFile are not both named');
    createSecureContext(files);
    return files;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // The system's message names the path; OpenSSL's says what is wrong. Neither has anything of the key.
    throw new CodedError('HS_TLS_FILES', `certificate or key cannot be used: ${code ?? ''} ${message}`, {
      cause: error,
    });
  }
}

/** Looks for changed files, hands over the new ones when they can be used, and stays with the old ones when not. */
export function watchTlsFiles(
  config: TlsConfig,
  { clock, log }: { clock: Clock; log: Logger },
  onChanged: (files: SecureContextOptions) => void,
): Cancel {
  let last: Promise<string> = stampOf(config);
  const look = async () => {
    const [before, now] = [await last, await stampOf(config)];
    if (before === now) return;
    last = Promise.resolve(now);
    try {
      onChanged(await readTlsFiles(config));
      log.info('the certificate of the TLS ports was read again', { file: config.certFile ?? '' });
    } catch (error) {
      const { code, message, cure } = error as CodedError;
      log.error('the changed certificate cannot be used; the earlier one stays', { code, error: message, cure });
    }
  };
  return clock.every(lookEveryMs, () => void look());
}

async function stampOf({ certFile, keyFile, caFile }: TlsConfig): Promise<string> {
  const stamps = [certFile, keyFile, caFile].map(async (file) => {
    const found = file === undefined ? null : await stat(file).catch(() => null);
    return found && `${found.ino} ${found.size} ${found.mtimeMs}`;
  });
  return JSON.stringify(await Promise.all(stamps));
}
