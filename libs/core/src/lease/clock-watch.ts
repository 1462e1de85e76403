/** The host's three clocks, read one after the other in this order. */
export interface ClockReading {
  /** The monotonic clock before the others. */
  beganMs: number;
  bootMs: number;
  wallMs: number;
  monotonicMs: number;
}

/** How far the boot-time and the wall clock are ahead of the monotonic one, as far as is known. */
export interface ClockWatch {
  bootAheadMs: number;
  wallAheadMs: number;
}

export interface ClockChange {
  watch: ClockWatch;
  /** For so long the machine was suspended: its monotonic clock stood still. Null: it was not. */
  suspendedMs: number | null;
  /** By so much the wall clock was stepped, or corrected after a pause of the whole machine. Null: it was not. */
  steppedMs: number | null;
}

/**
 * A suspension below it is not told from the boot-time clock's resolution (10 ms, `/proc/uptime`) and a busy host. No
 * machine is suspended and back in so little.
 */
export const suspensionSlackMs = 50;
/** Clocks that are slewed move with the monotonic one, so only steps are seen; smaller ones are of no use to anybody. */
export const wallStepSlackMs = 100;
/** A reading of three clocks takes microseconds. */
const readingMs = 20;

/**
 * What became of the clocks since they were read last. The monotonic clock is read last: a process that is held up between
 * the readings finds the others less ahead than they are, never more, so the highest distance seen is the true one. A reading
 * that took long says nothing.
 */
export function watchClocks(before: ClockWatch | null, reading: ClockReading): ClockChange {
  const { beganMs, bootMs, wallMs, monotonicMs } = reading;
  const bootAheadMs = bootMs - monotonicMs;
  const wallAheadMs = wallMs - monotonicMs;
  if (!before) return { watch: { bootAheadMs, wallAheadMs }, suspendedMs: null, steppedMs: null };
  if (monotonicMs - beganMs > readingMs) return { watch: before, suspendedMs: null, steppedMs: null };
  const aheadMs = bootAheadMs - before.bootAheadMs;
  const suspended = aheadMs > suspensionSlackMs;
  // A suspension moves the wall clock on as well, which is no step.
  const wallMovedMs = wallAheadMs - before.wallAheadMs - (suspended ? aheadMs : 0);
  const stepped = Math.abs(wallMovedMs) > wallStepSlackMs;
  return {
    watch: {
      bootAheadMs: Math.max(before.bootAheadMs, bootAheadMs),
      wallAheadMs: stepped || suspended ? wallAheadMs : Math.max(before.wallAheadMs, wallAheadMs),
    },
    suspendedMs: suspended ? Math.round(aheadMs) : null,
    steppedMs: stepped ? Math.round(wallMovedMs) : null,
  };
}
