import { subjects, type ServiceStatus } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock } from '@hotstandby/ports';
import type { Foundation } from './foundation.ts';
import type { Health } from './health.ts';

const everyMs = 1000;
const lookEveryMs = 200;

/** Says on the bus how the service is doing: every second, and at once when its health changed or NATS came back. */
export function publishStatus(
  foundation: Foundation,
  health: Health,
  made: { clock: Clock; bus: Bus; instance: string; httpPort: number | null },
): Cancel {
  const { service, place } = foundation;
  let said: { health: string; atMs: number } | null = null;
  const say = () => {
    // Said again when NATS comes: until then it would only be counted as dropped.
    if (!made.bus.connected()) return;
    const report = health.report();
    const nowMs = made.clock.monotonicMs();
    // A tick that is a little early must not make it every 1.2 s.
    if (said && said.health === report.health && nowMs - said.atMs < everyMs - lookEveryMs / 2) return;
    said = { health: report.health, atMs: nowMs };
    const status: ServiceStatus = {
      service,
      instance: made.instance,
      saidAtMs: nowMs,
      pid: process.pid,
      httpPort: made.httpPort,
      health: report.health,
      summary: report.summary,
      detail: report.detail,
    };
    made.bus.publish(subjects.status(place, service), status);
  };
  const stopTicking = made.clock.every(lookEveryMs, say);
  const forget = made.bus.onStatus(() => {
    said = null;
    say();
  });
  say();
  return () => {
    stopTicking();
    forget();
  };
}
