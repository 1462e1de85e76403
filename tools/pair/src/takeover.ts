import type { NodeName } from './layout.ts';

export type FaultKind = 'killed' | 'frozen' | 'handed over';

/** How long the last take-over took: from what was done to the node to the other's `role.changed`. */
export interface Takeover {
  what: string;
  ms: number;
}

/** Remembers what was done to whom, and measures when the other node has become active. */
export class TakeoverTimer {
  #pending: { kind: FaultKind; node: NodeName; atMs: number } | null = null;
  last: Takeover | null = null;

  done(kind: FaultKind, node: NodeName, atMs: number): void {
    this.#pending = { kind, node, atMs };
  }

  /** Times are of the same host's wall clock, in ms since 1970. */
  becameActive(node: NodeName, atMs: number): Takeover | null {
    const pending = this.#pending;
    if (!pending || pending.node === node || atMs < pending.atMs) return null;
    this.#pending = null;
    this.last = { what: `${pending.node} ${pending.kind}, ${node} active`, ms: Math.round(atMs - pending.atMs) };
    return this.last;
  }
}
