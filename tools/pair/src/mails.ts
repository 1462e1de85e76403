import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import path from 'node:path';

export interface Mail {
  file: string;
  subject: string;
}

const headBytes = 8192;

/** The mails that were caught, oldest first. */
export function caughtMails(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml'))
      .toSorted();
  } catch {
    return [];
  }
}

/** The subject of one of them, unfolded and decoded (RFC 5322 section 2.2.3, RFC 2047 in UTF-8). */
export function subjectOf(folder: string, name: string): string {
  const file = openSync(path.join(folder, name), 'r');
  try {
    const buffer = Buffer.alloc(headBytes);
    const head = buffer.subarray(0, readSync(file, buffer, 0, headBytes, 0)).toString('utf8');
    const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
    return decodeWords(/^subject:\s*(.*)$/im.exec(unfolded)?.[1]?.trim() ?? '(no subject)');
  } finally {
    closeSync(file);
  }
}

function decodeWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, encoding: string, word: string) =>
      encoding.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeURIComponent(
            word
              .replaceAll('_', ' ')
              .replaceAll(/%/g, '%25')
              .replaceAll(/=([0-9A-F]{2})/gi, '%$1'),
          ),
    );
}
