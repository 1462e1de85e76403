const secondMs = 1000;

interface Second {
  /** Datagrams of which both nodes have a copy. */
  paired: number;
  /** Datagrams that this node has and the other one has not. */
  alone: number;
}

/**
 * Tells a source that sends each node datagrams of its own making (an exporter that groups flows for each destination by
 * itself) from one of which a node has missed some: of the first, each node has what the other one has not, at the same time
 * and more than they have in common. What one node alone has of such a source is no loss, and must not be stored beside what
 * the other one has.
 */
export class Evenness {
  readonly #reachSeconds: number;
  readonly #bySource = new Map<string, Map<number, Second>>();

  constructor(reachMs: number) {
    this.#reachSeconds = Math.ceil(reachMs / secondMs);
  }

  count(source: string, atMs: number, what: keyof Second): void {
    let seconds = this.#bySource.get(source);
    if (!seconds) this.#bySource.set(source, (seconds = new Map()));
    const second = Math.floor(atMs / secondMs);
    const counted = seconds.get(second) ?? { paired: 0, alone: 0 };
    counted[what]++;
    seconds.set(second, counted);
  }

  /** Whether the source sent each node its own around that time. */
  isUneven(source: string, atMs: number): boolean {
    const seconds = this.#bySource.get(source);
    const middle = Math.floor(atMs / secondMs);
    let [paired, alone] = [0, 0];
    for (let second = middle - this.#reachSeconds; second <= middle + this.#reachSeconds; second++) {
      paired += seconds?.get(second)?.paired ?? 0;
      alone += seconds?.get(second)?.alone ?? 0;
    }
    return alone > paired;
  }
}
