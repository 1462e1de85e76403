import { createHash } from 'node:crypto';
import { storableText } from '@hotstandby/core/storable';
import { idLength } from '../parameters.ts';

/** A message's id as the key of its mark: itself where the key can hold it, else its begin and a digest of it. */
export function messageKey(id: string): string {
  const text = storableText(id);
  // Blanks at the end do not count where keys are compared.
  if (text.length <= idLength && !text.endsWith(' ')) return text;
  const digest = createHash('sha256').update(text).digest('hex');
  return `${text.slice(0, idLength - digest.length - 1).toWellFormed()}#${digest}`;
}
