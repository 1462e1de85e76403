import { CodedError } from '@hotstandby/contracts';
import { readPrivateFile } from './private-file.ts';

export interface TsigKey {
  name: string;
  algorithm: string;
  /** With one `key` statement of BIND in it. */
  keyFile: string;
}

/**
 * Throws HS_DNS_KEY_FILE when nsupdate could not sign with this file. Looked at here, because nsupdate itself goes on
 * unsigned without a key and quotes the words of a file that it does not understand. Nothing of the file is in a message.
 */
export async function checkKeyFile({ name, algorithm, keyFile }: TsigKey): Promise<void> {
  const refuse = (why: string) => new CodedError('HS_DNS_KEY_FILE', `${keyFile}: ${why}`);
  const text = (await readPrivateFile(keyFile, 'HS_DNS_KEY_FILE')).toString('utf8');
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
