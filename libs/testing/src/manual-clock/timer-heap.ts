export interface Timer {
  dueMs: number;
  /** Of equal due times the lower one is first. */
  order: number;
  run: () => void;
  periodMs: number | null;
  /** Cancelled, or run for the only time. */
  over: boolean;
}

/** Timers by due time. A cancelled one stays until its time comes or most of them are cancelled. */
export class TimerHeap {
  #heap: Timer[] = [];
  #cancelled = 0;

  add(timer: Timer): void {
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
  }

  cancel(timer: Timer): void {
    if (timer.over) return;
    timer.over = true;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && 2 * this.#cancelled > this.#heap.length) this.#sweep();
  }

  /** Takes out the earliest that is due by then. */
  take(untilMs: number): Timer | null {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.dueMs > untilMs) return null;
      const last = this.#heap.pop() as Timer;
      if (last !== first) {
        this.#heap[0] = last;
        this.#sink(0);
      }
      if (!first.over) return first;
      this.#cancelled -= 1;
    }
  }

  #sweep(): void {
    const live = this.#heap.filter(({ over }) => !over);
    this.#heap = [];
    this.#cancelled = 0;
    for (const timer of live) this.add(timer);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timer;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Timer;
      if (!isBefore(timer, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = timer;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const timer = heap[from] as Timer;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (!child) break;
      const right = heap[below + 1];
      if (right && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (!isBefore(child, timer)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = timer;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
