import { systemClock } from '@hotstandby/adapters/system';
import { watchClocks, type ClockWatch } from '@hotstandby/core/lease';

// Reads the clocks of this host as the arbiter does, and prints what became of them as JSON, a line each.
let watch: ClockWatch | null = null;
setInterval(() => {
  const beganMs = systemClock.monotonicMs();
  const [bootMs, wallMs, monotonicMs] = [systemClock.bootMs(), systemClock.wallMs(), systemClock.monotonicMs()];
  const first = watch === null;
  const change = watchClocks(watch, { beganMs, bootMs, wallMs, monotonicMs });
  watch = change.watch;
  if (first) console.log('"ready"');
  const { suspendedMs, steppedMs } = change;
  if (suspendedMs !== null || steppedMs !== null) console.log(JSON.stringify({ suspendedMs, steppedMs }));
}, 20);
