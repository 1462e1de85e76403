import type { VirtualName } from '../layout.ts';
import type { NameReport } from '../report.ts';

export interface NameMove {
  address: string;
  /** Wall clock. */
  atMs: number;
}

/** Where the sender of the test traffic went, from its log. */
export function movesOf(log: string): NameMove[] {
  return log
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([kind]) => kind === 'address')
    .map(([, address = '', atMs]) => ({ address, atMs: Number(atMs) }));
}

/** `seen`: each change at the server; `followed`: each change of the sender's, both oldest first. */
export function nameReport(
  { name, ttlSeconds }: VirtualName,
  seen: NameMove[],
  followed: NameMove[],
  { faultAtMs, nodes }: { faultAtMs: number; nodes: { a: string; b: string } },
): NameReport {
  const before = seen.findLast(({ atMs }) => atMs < faultAtMs)?.address ?? null;
  const after = seen.at(-1)?.address ?? null;
  const sinceFault = (moves: NameMove[]) => {
    const move = moves.find(({ address, atMs }) => atMs >= faultAtMs && address === after && address !== before);
    return move ? Math.round(move.atMs - faultAtMs) : null;
  };
  const followedMs = sinceFault(followed);
  // Whoever saw it first: on a busy machine the watcher's own question may be late.
  const movedMs =
    [sinceFault(seen), followedMs].filter((ms) => ms !== null).toSorted((one, other) => one - other)[0] ?? null;
  const strange = seen.map(({ address }) => address).filter((address) => address !== nodes.a && address !== nodes.b);
  return { name, ttlSeconds, before, after, movedMs, followedMs, strange };
}
