import { readFile, stat } from 'node:fs/promises';
import { CodedError } from '@hotstandby/contracts';

export interface TsigKey {
  name: string;
  algorithm: string;
  /** With one `key` statement of BIND in it. */
  keyFile: string;
}

const readableForOthers = 0o044;

/**
 * Throws HS_DNS_KEY_FILE when nsupdate could not sign with this file. Looked at here, because nsupdate itself goes on
 * unsigned without a key and quotes the words of a file that it does not understand. Nothing of the file is in a message.
 */
export async function checkKeyFile({ name, algorithm, keyFile }: TsigKey): Promise<void> {
  const refuse = (why: string, cause?: unknown) => new CodedError('HS_DNS_KEY_FILE', `${keyFile}: ${why}`, { cause });
  let text = '';
  try {
    const { mode } = await stat(keyFile);
    if ((mode & readableForOthers) !== 0)
      throw refuse(`it may be read by others than its owner (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`);
    text = await readFile(keyFile, 'utf8');
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw refuse(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no reason given'})`);
  }
  const key = /^\s*key\s+"?([^\s"{;]+)"?\s*\{([^{}]*)\}\s*;\s*$/.exec(text.replaceAll(/^\s*(#|\/\/).*$/gm, ''));
  const [, found = '', body = ''] = key ?? [];
  if (!key || !/\bsecret\s+"?[A-Za-z0-9+/]+={0,2}"?\s*;/.test(body))
    throw refuse('it is no key as tsig-keygen writes it');
  const algorithmFound = /\balgorithm\s+"?([\w-]+)\.?"?\s*;/.exec(body)?.[1] ?? '';
  if (found.replace(/\.$/, '').toLowerCase() !== name.toLowerCase())
    throw refuse('its key has another name than binding.tsig.name');
  if (algorithmFound.toLowerCase() !== algorithm)
    throw refuse('its key has another algorithm than binding.tsig.algorithm');
}
