import type { Cancel, Clock } from '@hotstandby/ports';
import type { HostClock } from './host-clock.ts';

/**
 * One process of a host, which can be frozen and killed between any two things that it does outside of itself: what it
 * sends, writes or asks for goes through `output`, what reaches it through `input`. Nothing else of it can be seen, so
 * this is a crash at every await. A process that is frozen in the middle of its work sees, from then on, the time at
 * which it goes on; what it does from there happens then.
 */
export class Process implements Clock {
  readonly name: string;
  readonly #clock: HostClock;
  #frozenUntilMs = Number.NEGATIVE_INFINITY;
  #dead = false;
  /** It has seen the time at which it goes on, so that cannot become an earlier one. */
  #sawEnd = false;
  #outputs: (() => void)[] = [];
  /** What reached it while it was frozen, or while it had not caught up with that: in its order. */
  #inputs: (() => void)[] = [];
  #outputsLeft = 0;
  #atOutput: () => void = () => {};
  #onDeath: (() => void)[] = [];
  /** Told when it goes on after a freeze. */
  onWoken: () => void = () => {};
  #looking = false;

  constructor(name: string, clock: HostClock) {
    this.name = name;
    this.#clock = clock;
  }

  monotonicMs(): number {
    return this.#clock.at(this.#nowMs());
  }

  bootMs(): number {
    return this.#clock.bootAt(this.#nowMs());
  }

  wallMs(): number {
    return this.#clock.wallAt(this.#nowMs());
  }

  /** The true time that the process sees: a frozen one that is asked is in the middle of its work, and sees when it goes on. */
  #nowMs(): number {
    const nowMs = this.#clock.trueMs();
    if (this.#looking || nowMs >= this.#frozenUntilMs) return nowMs;
    this.#sawEnd = true;
    return this.#frozenUntilMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    let cancelled = false;
    const aheadMs = Math.max(0, this.#frozenUntilMs - this.#clock.trueMs());
    let cancelTrue: Cancel = () => {};
    const fromMs = this.#clock.trueMs() + aheadMs;
    const stoodStillMs = this.#clock.stoodStillMs(fromMs);
    const dueMs = this.#clock.at(fromMs) + delayMs;
    const arm = (trueDelayMs: number) => {
      cancelTrue = this.#clock.after(trueDelayMs, () =>
        this.input(() => {
          if (cancelled) return;
          // Timers go by the monotonic clock: for as long as that stood still they come later.
          const nowMs = this.#clock.trueMs();
          const stoodStill = this.#clock.stoodStillMs(nowMs) > stoodStillMs;
          const leftMs = dueMs - this.#clock.at(nowMs);
          if (stoodStill && leftMs > 0) arm(this.#clock.lasting(leftMs));
          else run();
        }),
      );
    };
    arm(aheadMs + this.#clock.lasting(delayMs));
    return () => {
      cancelled = true;
      cancelTrue();
    };
  }

  /** As the kernel's interval timers: what was missed while frozen is not made up for. */
  every(periodMs: number, run: () => void): Cancel {
    let cancel: Cancel = () => {};
    let stopped = false;
    const arm = () => {
      cancel = this.after(periodMs, () => {
        if (stopped) return;
        arm();
        run();
      });
    };
    arm();
    return () => {
      stopped = true;
      cancel();
    };
  }

  /** Something reaches the process: now, when it goes on, or never. */
  input(run: () => void): void {
    if (this.#dead) return;
    if (this.isFrozen() || this.#inputs.length > 0) this.#inputs.push(run);
    else run();
  }

  /** The process does something that others can see. */
  output(run: () => void): void {
    if (this.#dead) return;
    if (this.#outputsLeft > 0 && --this.#outputsLeft === 0) {
      this.#atOutput();
      this.#sawEnd = this.isFrozen();
    }
    if (this.#dead) return;
    if (this.isFrozen()) this.#outputs.push(run);
    else run();
  }

  /** Right before its n-th output from now on, `run` befalls it. */
  atOutput(n: number, run: () => void): void {
    this.#outputsLeft = n;
    this.#atOutput = run;
  }

  freeze(forMs: number): void {
    const untilMs = this.#clock.trueMs() + forMs;
    if (this.#dead || untilMs <= this.#frozenUntilMs) return;
    this.#frozenUntilMs = untilMs;
    this.#clock.after(forMs, () => this.#goOn());
  }

  /** Woken before its time, unless it was frozen in the middle of its work. */
  thaw(): void {
    if (!this.isFrozen() || this.#sawEnd) return;
    this.#frozenUntilMs = this.#clock.trueMs();
    this.#goOn();
  }

  /** Nothing befalls it any more, now or at an output to come. */
  leaveAlone(): void {
    this.#outputsLeft = 0;
    this.thaw();
  }

  isFrozen(): boolean {
    return this.#clock.trueMs() < this.#frozenUntilMs;
  }

  isDead(): boolean {
    return this.#dead;
  }

  isWell(): boolean {
    return !this.#dead && !this.isFrozen();
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#outputs = [];
    this.#inputs = [];
    for (const run of this.#onDeath) run();
  }

  /** What the kernel does for a process that is gone: it closes its connections. */
  onDeath(run: () => void): void {
    this.#onDeath.push(run);
  }

  /** Looks into the process from outside, with the time as it is, frozen or not. */
  lookedAt<Result>(look: () => Result): Result {
    this.#looking = true;
    try {
      return look();
    } finally {
      this.#looking = false;
    }
  }

  #goOn(): void {
    if (this.#dead || this.isFrozen()) return;
    this.#sawEnd = false;
    const outputs = this.#outputs;
    this.#outputs = [];
    this.onWoken();
    for (const run of outputs) run();
    this.#catchUp();
  }

  /** One after the other, as an event loop takes them; what comes meanwhile comes after them, as on one connection. */
  #catchUp(): void {
    if (this.#inputs.length === 0) return;
    this.#clock.after(0, () => {
      if (this.#dead || this.isFrozen()) return;
      this.#inputs.shift()?.();
      this.#catchUp();
    });
  }
}
