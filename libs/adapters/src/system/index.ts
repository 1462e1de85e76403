import { randomUUID } from 'node:crypto';
import type { Clock, Ids } from '@hotstandby/ports';

/** The host's clocks and timers. */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};

export const systemIds: Ids = { uuid: () => randomUUID() };
