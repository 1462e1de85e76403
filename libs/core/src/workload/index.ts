/** What one look at the managed application came to, in words a person understands. */
export interface Looked {
  well: boolean;
  what: string;
}

/** How many looks in a row change the mind about a check. */
export interface Patience {
  failures: number;
  successes: number;
}

export interface CheckState {
  /** Null: not known yet. */
  well: boolean | null;
  /** Looks in a row that say otherwise. */
  otherwise: number;
  /** Of the last look. */
  what: string;
  /** Since when it is as it is. */
  sinceMs: number;
}

export const unknownCheck = (nowMs: number): CheckState => ({ well: null, otherwise: 0, what: '', sinceMs: nowMs });

/** After one more look. The first good one is believed at once: nothing was known before. */
export function afterLook(before: CheckState, { well, what }: Looked, patience: Patience, nowMs: number): CheckState {
  if (well === before.well) return { ...before, otherwise: 0, what };
  const otherwise = before.otherwise + 1;
  const needed = well ? (before.well === null ? 1 : patience.successes) : patience.failures;
  return otherwise < needed ? { ...before, otherwise, what } : { well, otherwise: 0, what, sinceMs: nowMs };
}

export interface Verdict {
  health: 'ok' | 'failed';
  summary: string;
}

/** All checks together: every one has to be well. Null: something is not known yet. */
export function verdictOf(checks: Readonly<Record<string, CheckState>>): Verdict | null {
  const all = Object.entries(checks);
  const failed = all.filter(([, { well }]) => well === false);
  if (failed.length > 0) {
    return { health: 'failed', summary: failed.map(([name, { what }]) => `${name}: ${what}`).join('; ') };
  }
  if (all.some(([, { well }]) => well === null)) return null;
  return { health: 'ok', summary: `${all.map(([name]) => name).join(', ')} well` };
}
