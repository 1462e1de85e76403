/**
 * Receive times of equal datagrams, each used up once, the nearest first. A sender that repeats itself a hundred thousand
 * times must not make this slow: used ones are skipped by jumps that grow (union-find), not by moving the others.
 */
export class ReceiveTimes {
  readonly #times: Float64Array;
  /** From each place (and from one beyond either end) the way towards the next free one, to the right and to the left. */
  readonly #right: Int32Array;
  readonly #left: Int32Array;
  #free: number;

  constructor(times: readonly number[]) {
    this.#times = Float64Array.from(times).sort();
    this.#free = times.length;
    this.#right = Int32Array.from({ length: times.length + 1 }, (_, place) => place);
    // Shifted by one: place 0 stands for "none to the left".
    this.#left = Int32Array.from({ length: times.length + 1 }, (_, place) => place);
  }

  free(): number {
    return this.#free;
  }

  /** Those that nobody has used up, in order. */
  left(): number[] {
    return Array.from(this.#times).filter((_, place) => jump(this.#right, place) === place);
  }

  /** Uses up the free time nearest to `timeMs`, if one is no further away than `reachMs`. */
  takeNearest(timeMs: number, reachMs: number): boolean {
    const at = this.#firstNotBefore(timeMs);
    const right = jump(this.#right, at);
    const left = jump(this.#left, at) - 1;
    const rightMs = right < this.#times.length ? (this.#times[right] ?? 0) - timeMs : Infinity;
    const leftMs = left >= 0 ? timeMs - (this.#times[left] ?? 0) : Infinity;
    if (Math.min(rightMs, leftMs) > reachMs) return false;
    const taken = leftMs <= rightMs ? left : right;
    this.#right[taken] = taken + 1;
    this.#left[taken + 1] = taken;
    this.#free -= 1;
    return true;
  }

  #firstNotBefore(timeMs: number): number {
    let from = 0;
    let to = this.#times.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#times[middle] ?? 0) < timeMs) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Follows the way to its end and shortens it for the next one. */
function jump(way: Int32Array, from: number): number {
  let end = from;
  for (let next = way[end] ?? end; next !== end; next = way[end] ?? end) end = next;
  for (let at = from; at !== end;) {
    const next = way[at] ?? end;
    way[at] = end;
    at = next;
  }
  return end;
}
