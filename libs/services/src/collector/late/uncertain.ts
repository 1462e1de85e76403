import type { DeliveryProgress } from '@hotstandby/ports';

/** What a node may have received and nobody have stored, beside what a tenure's own replay settles. By the store's clock, ms since 1970. */
export interface Uncertain {
  /** What this node received before its replay begins, for as long as nobody has compared it; null: nothing. */
  own: { fromMs: number; untilMs: number } | null;
  /** From when on nobody has looked whether all that the other node received is stored. */
  otherFromMs: number;
  /** The other node, as it names itself; null: it has never been active. */
  otherId: string | null;
}

/** What the active noted of itself, by the store's clock. */
const settledOf = ({ settledBeforeMs, clockAheadMs, ownFromMs }: DeliveryProgress): number =>
  Math.min(settledBeforeMs - (clockAheadMs ?? 0), ownFromMs ?? Infinity);

/**
 * Of a node, both its own notes and those of the other one tell up to when everything that it received is stored; whichever
 * tells more is true. `replayFromMs`: where the replay of own INGEST begins; null: it reads all of it.
 */
export function uncertainOf(
  noted: readonly DeliveryProgress[],
  nodeId: string,
  replayFromMs: number | null,
): Uncertain {
  const mine = noted.filter((one) => one.nodeId === nodeId);
  const theirs = noted.filter((one) => one.nodeId !== nodeId);
  const compared = (some: DeliveryProgress[]) => some.map(({ otherBeforeMs }) => otherBeforeMs ?? 0);
  const ownFromMs = Math.max(0, ...mine.map(settledOf), ...compared(theirs));
  const otherFromMs = Math.max(0, ...theirs.map(settledOf), ...compared(mine));
  const otherId = theirs.toSorted((one, other) => one.epoch - other.epoch).at(-1)?.nodeId ?? null;
  const isOpen = replayFromMs !== null && ownFromMs < replayFromMs;
  return { own: isOpen ? { fromMs: ownFromMs, untilMs: replayFromMs } : null, otherFromMs, otherId };
}
