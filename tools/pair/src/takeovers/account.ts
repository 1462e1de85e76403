import type { NodeName } from '../layout.ts';
import type { Sent } from '../report.ts';

/** What a node's kernel has counted so far. Packets. */
export interface KernelCounts {
  /** They came, and the host might not take them: the kernel held no grant for the address, or the address was not there. */
  refused: number;
  /** No socket was open for them. */
  unheard: number;
  /** The socket's buffer was full. */
  overflowed: number;
}

export interface KernelLook {
  /** Wall clock of the host: the counts are of some moment between the two. */
  fromMs: number;
  toMs: number;
  nodes: Record<NodeName, KernelCounts>;
  /** Of the whole host: a processor's queue for what comes from the network was full. */
  backlogged: number;
}

/** Why a datagram is not stored. `lapse`: nobody had the address although its node lived; `dead`: it still went to the node that was killed. */
export type Why = 'interruption' | 'dead' | 'lapse' | 'overflow' | 'backlog' | 'unheard' | 'unexplained';

export interface Account {
  /** Every kind of reason, with how many datagrams. */
  why: Record<Why, number>;
  /** The first of what was sent before the fault and was lost with the memory of what was killed, from the fault on; null: nothing was. */
  heldFromMs: number | null;
  /** When what nothing explains was sent, from the fault on; null: everything is explained. */
  unexplainedFromMs: number | null;
  unexplainedToMs: number | null;
}

export interface AccountInput {
  /** What is not stored. */
  lost: readonly Sent[];
  faultAtMs: number;
  /** When the address was there again; null: both nodes are fed, and nobody needs it. */
  gapEndsAtMs: number | null;
  killed: NodeName;
  /** In order of time. */
  looks: readonly KernelLook[];
}

/** What was sent in this time before the fault may have been in the memory of what was killed. */
export const heldBeforeMs = 1000;
/** A sender on a busy machine may have to wait so long between looking at the clock and sending. */
const sendWithinMs = 250;

const none: KernelCounts = { refused: 0, unheard: 0, overflowed: 0 };

interface Window {
  fromMs: number;
  toMs: number;
  why: Why;
  left: number;
}

/**
 * Gives each datagram that is not stored its reason: the interruption itself by its time, everything else only by what a kernel counted
 * at that time, each count for one datagram.
 */
export function account({ lost, faultAtMs, gapEndsAtMs, killed, looks }: AccountInput): Account {
  const why: Account['why'] = {
    interruption: 0,
    dead: 0,
    lapse: 0,
    overflow: 0,
    backlog: 0,
    unheard: 0,
    unexplained: 0,
  };
  let heldFromMs: number | null = null;
  const windows = windowsOf(looks, faultAtMs, killed);
  const unexplained: number[] = [];
  for (const { atMs } of [...lost].toSorted((one, other) => one.atMs - other.atMs)) {
    if (gapEndsAtMs !== null && atMs >= faultAtMs - heldBeforeMs && atMs <= gapEndsAtMs) {
      why.interruption++;
      if (atMs < faultAtMs) heldFromMs ??= atMs - faultAtMs;
      continue;
    }
    const window = windows.find(({ fromMs, toMs, left }) => left > 0 && atMs >= fromMs - sendWithinMs && atMs <= toMs);
    if (window) {
      window.left--;
      why[window.why]++;
    } else {
      why.unexplained++;
      unexplained.push(atMs - faultAtMs);
    }
  }
  return { why, heldFromMs, unexplainedFromMs: unexplained.at(0) ?? null, unexplainedToMs: unexplained.at(-1) ?? null };
}

function windowsOf(looks: readonly KernelLook[], faultAtMs: number, killed: NodeName): Window[] {
  const windows: Window[] = [];
  const settled = withoutTremor(looks);
  for (const [index, look] of settled.entries()) {
    const before = settled[index - 1];
    if (!before) continue;
    // A packet between both counters may have been counted one look too early.
    const { toMs } = settled[index + 1] ?? look;
    const note = (why: Why, left: number) => {
      if (left > 0) windows.push({ fromMs: before.fromMs, toMs, why, left });
    };
    for (const node of ['a', 'b'] as const) {
      const [now, then] = [look.nodes[node], before.nodes[node]];
      const dead = node === killed && look.toMs > faultAtMs;
      note(dead ? 'dead' : 'lapse', now.refused - then.refused);
      note(dead ? 'dead' : 'unheard', now.unheard - then.unheard);
      note('overflow', now.overflowed - then.overflowed);
    }
    note('backlog', look.backlogged - before.backlogged);
  }
  return windows;
}

/**
 * What came and what was delivered are counted one after the other, so their difference trembles for one look, up or down: the middle
 * one of three neighbours does not, and of numbers that only grow it is the one between. The last look only bears witness.
 */
function withoutTremor(looks: readonly KernelLook[]): KernelLook[] {
  const refusedAt = (index: number, node: NodeName) => looks[index]?.nodes[node].refused ?? 0;
  const steady = (index: number, node: NodeName): KernelCounts => {
    const three = [Math.max(0, index - 1), index, index + 1].map((at) => refusedAt(at, node));
    return { ...(looks[index]?.nodes[node] ?? none), refused: three.toSorted((one, other) => one - other)[1] ?? 0 };
  };
  return looks
    .slice(0, -1)
    .map((look, index) => ({ ...look, nodes: { a: steady(index, 'a'), b: steady(index, 'b') } }));
}
