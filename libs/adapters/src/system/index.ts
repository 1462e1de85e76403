import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority, uptime } from 'node:os';
import type { Clock, Ids } from '@hotstandby/ports';

/** The host's clocks and timers. */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  // The kernel's /proc/uptime, which is CLOCK_BOOTTIME in hundredths of a second, and the only way to it without native code.
  bootMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
  after(delayMs, run) {
    // Whoever only lets others have their turn must not wait for the next millisecond.
    if (delayMs <= 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    const dueMs = this.monotonicMs() + delayMs;
    let timer: NodeJS.Timeout;
    // Node cuts fractions of a millisecond off and counts from when its loop last turned, so a timer comes up to a
    // millisecond early. Whoever waits for a deadline must not find that it is yet to come.
    const check = () => {
      const leftMs = dueMs - this.monotonicMs();
      if (leftMs <= 0) run();
      else timer = setTimeout(check, Math.ceil(leftMs));
    };
    timer = setTimeout(check, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};

export const systemIds: Ids = { uuid: () => randomUUID() };

/**
 * Puts this process before the others of the host where that is allowed (root, CAP_SYS_NICE): a beat that waits for a busy
 * processor is a beat that is late. Returns whether it was allowed; without it everything works, only with less in hand.
 */
export function raisePriority(): boolean {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
    raiseSession();
    return true;
  } catch {
    return false;
  }
}

/**
 * Linux shares the processors out among sessions first (autogroups), and a priority counts only within its own: a service that
 * was started as a session of its own would be raised above nobody. Of a session that somebody else leads the others are left as they are.
 */
function raiseSession(): void {
  try {
    // "pid (name) state ppid pgrp session ...", and a name may have spaces and brackets.
    const [, , , session] = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    if (session !== `${process.pid}`) return;
    writeFileSync('/proc/self/autogroup', `${constants.priority.PRIORITY_HIGH}`);
  } catch {
    // A kernel without autogroups needs nothing.
  }
}
