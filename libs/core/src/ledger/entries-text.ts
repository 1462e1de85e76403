import type { LedgerEntry } from './entries.ts';

const digestChars = 16;
const timeChars = 8;
const entryChars = digestChars + timeChars;

/** Entries as text for a message of JSON: the first time, then each digest and time after it, in hex. */
export function entriesToText(entries: readonly LedgerEntry[]): string {
  const baseMs = Math.floor(entries.reduce((least, { receivedAtMs }) => Math.min(least, receivedAtMs), Infinity));
  if (!Number.isFinite(baseMs)) return '';
  const parts = entries.map(
    ({ digest, receivedAtMs }) =>
      digest.toString(16).padStart(digestChars, '0') +
      Math.round(receivedAtMs - baseMs)
        .toString(16)
        .padStart(timeChars, '0'),
  );
  return `${baseMs}:${parts.join('')}`;
}

/** Throws `RangeError` when the text is none. */
export function entriesFromText(text: string): LedgerEntry[] {
  if (text === '') return [];
  const [, base, hex = ''] = /^(-?\d{1,15}):([0-9a-f]+)$/.exec(text) ?? [];
  if (base === undefined || hex.length % entryChars !== 0) throw new RangeError('this is no text of ledger entries');
  const baseMs = Number(base);
  const entries: LedgerEntry[] = [];
  for (let at = 0; at < hex.length; at += entryChars)
    entries.push({
      digest: BigInt(`0x${hex.slice(at, at + digestChars)}`),
      receivedAtMs: baseMs + Number.parseInt(hex.slice(at + digestChars, at + entryChars), 16),
    });
  return entries;
}
