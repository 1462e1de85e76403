const onTerminalMs = 500;
const otherwiseMs = 30_000;

/** How far it has got, on stderr: a line that is written over on a terminal, else one every half minute. */
export class Progress {
  readonly #all: number;
  readonly #startedMs = performance.now();
  readonly #everyMs = process.stderr.isTTY ? onTerminalMs : otherwiseMs;
  #shownMs = this.#startedMs;
  #dirty = false;

  constructor(all: number) {
    this.#all = all;
  }

  seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  show(done: number, violations: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < this.#everyMs) return;
    this.#shownMs = nowMs;
    const rate = (done / this.seconds()).toFixed(0);
    process.stderr.write(
      `${done} of ${this.#all}, ${violations} violations, ${rate} a second${process.stderr.isTTY ? '' : '\n'}`,
    );
    this.#dirty = process.stderr.isTTY;
  }

  /** Takes the line away before something else is printed. */
  clear(): void {
    if (this.#dirty) process.stderr.write('\r\u001b[K');
    this.#dirty = false;
  }
}
