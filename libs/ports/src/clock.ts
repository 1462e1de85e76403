/** Stops what a timer would have done; calling it twice does no harm. */
export type Cancel = () => void;

/** Time as an argument: services never read a clock of their own, so the simulator can be the clock. */
export interface Clock {
  /** Milliseconds (fractional) of the host's CLOCK_MONOTONIC. All processes of a host share it; hosts do not. */
  monotonicMs(): number;
  /**
   * Milliseconds of the host's CLOCK_BOOTTIME, which goes on while the machine is suspended, as the monotonic clock does not.
   * To 10 ms; only its distance from the monotonic clock means anything.
   */
  bootMs(): number;
  /** Milliseconds since 1970-01-01 UTC. For people and for records; it decides nothing about the lease. */
  wallMs(): number;
  /** Calls `run` once, no sooner than `delayMs` from now. */
  after(delayMs: number, run: () => void): Cancel;
  /** Calls `run` every `periodMs`. A late tick is not made up for. */
  every(periodMs: number, run: () => void): Cancel;
}
