import type { Lapse } from './lapses.ts';

/** One telemetry message of the client's, in ms of the monotonic clock. */
export interface Sent {
  sequence: number;
  atMs: number;
}

export interface Stored {
  sequence: number;
  epoch: number;
}

/** While something was broken; messages may be lost from `fromMs` to `toMs`, never doubled. */
export interface Trouble {
  what: string;
  fromMs: number;
  toMs: number;
  /** Whether what broke takes telemetry in at the active: else nothing may be lost at all while the role stayed. */
  lossAllowed: boolean;
}

/**
 * What a sender may not know yet when the trouble comes, and what a client's neighbour cache and the new owner's sockets
 * take to settle after it.
 */
export const settlingMs = 1500;

export const storedQuery = `
  select (structured_data->'scenario@32473'->>'seq')::int as sequence, epoch::int as epoch
    from syslog_message where structured_data->'scenario@32473'->>'run' = $1 order by stored_at, id`;

export interface RecordCount {
  sent: number;
  stored: number;
  lostInTrouble: number;
  /** While nobody had a grant, or nobody answered for the address, although nothing was broken. */
  lostInLapse: number;
  /** Sentences: what is stored twice, lost in quiet times or in a trouble that allows no loss, or out of order of epochs. */
  faults: string[];
  missingOutside: number[];
}

/** Every message is stored once, or was lost while something that takes it in was broken, or nobody could take it. */
export function judgeRecords(
  sent: readonly Sent[],
  stored: readonly Stored[],
  troubles: readonly Trouble[],
  lapses: readonly Lapse[],
): RecordCount {
  const copies = new Map<number, number>();
  for (const { sequence } of stored) copies.set(sequence, (copies.get(sequence) ?? 0) + 1);
  const doubled = [...copies].flatMap(([sequence, count]) => (count > 1 ? [sequence] : []));
  const missing = sent.filter(({ sequence }) => !copies.has(sequence));
  const excused = (atMs: number) =>
    troubles.some((one) => one.lossAllowed && atMs >= one.fromMs - settlingMs && atMs <= one.toMs + settlingMs);
  const lapsed = (atMs: number) => lapses.some((one) => atMs >= one.fromMs && atMs <= one.toMs);
  const calm = missing.filter(({ atMs }) => !excused(atMs));
  const outside = calm.filter(({ atMs }) => !lapsed(atMs));
  const faults: string[] = [];
  if (doubled.length > 0) faults.push(`${doubled.length} messages are stored twice: ${ranges(doubled)}`);
  if (outside.length > 0) {
    const first = outside[0]?.atMs ?? 0;
    const before = troubles.filter((one) => one.fromMs <= first).at(-1);
    const when = before
      ? `${((first - before.fromMs) / 1000).toFixed(1)} s after "${before.what}" began`
      : 'at the start';
    const numbers = ranges(outside.map(({ sequence }) => sequence));
    faults.push(`${outside.length} messages are lost with no reason for it: ${numbers}, the first ${when}`);
  }
  return {
    sent: sent.length,
    stored: copies.size,
    lostInTrouble: missing.length - calm.length,
    lostInLapse: calm.length - outside.length,
    faults,
    missingOutside: outside.map(({ sequence }) => sequence),
  };
}

function ranges(numbers: readonly number[]): string {
  const groups: [number, number][] = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = groups.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else groups.push([number, number]);
  }
  const text = groups.slice(0, 10).map(([first, last]) => (first === last ? `${first}` : `${first}..${last}`));
  return `${text.join(', ')}${groups.length > 10 ? ' ...' : ''}`;
}
