import { evidenceNotes, type EvidenceNote } from '@hotstandby/core/lease';
import { duration } from './text/amount.ts';

const notes: Readonly<Record<string, EvidenceNote>> = evidenceNotes;

/** Evidence in words: `silent for 166 ms, counter 14`. `nodeName` gives the name of a node by its id. */
export function evidenceWords(evidence: Record<string, unknown>, nodeName: (nodeId: string) => string): string {
  return Object.entries(evidence)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => {
      const note = Object.hasOwn(notes, key) ? notes[key] : undefined;
      return note ? note.words.replace('{}', () => told(note.as, value, nodeName)) : `${key}=${text(value)}`;
    })
    .join(', ');
}

function told(as: EvidenceNote['as'], value: unknown, nodeName: (nodeId: string) => string): string {
  if (as === 'duration' && typeof value === 'number') return value < 0 ? `-${duration(-value)}` : duration(value);
  if (as === 'node' && typeof value === 'string') return nodeName(value);
  return text(value);
}

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
