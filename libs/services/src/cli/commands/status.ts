import { exitCodes, serviceNames, type PairStatus } from '@hotstandby/contracts';
import type { CloudEvent, Clock, EventLog } from '@hotstandby/ports';
import { PairView, within, type PairParts } from '../../pair-view/index.ts';
import { jsonText, type Output } from '../output.ts';
import { statusText } from '../status-text.ts';

/** Every service says how it is once a second. */
const hearForMs = 1200;
const lookEveryMs = 50;
const lastEvents = 5;
const eventsTimeoutMs = 1000;

export interface StatusParts extends PairParts {
  events: EventLog;
}

/** What the pair is doing. 0: somebody is active; 1: nobody that is known; 69: NATS could not be asked. */
export async function statusCommand(parts: StatusParts, output: Output): Promise<number> {
  const { bus } = parts;
  const view = new PairView(parts);
  view.start();
  try {
    const [, events] = await Promise.all([hearServices(view, parts), bus.connected() ? tail(parts) : []]);
    const status: PairStatus = { ...(await view.look()), events };
    if (output.json) output.out(jsonText(status, 2));
    else for (const line of statusText(status, output.paint)) output.out(line);
    if (!bus.connected()) return exitCodes.unavailable;
    return status.active ? exitCodes.ok : exitCodes.negative;
  } finally {
    view.stop();
  }
}

/** Waits until every service of both nodes was heard, or one round of statuses has passed. */
async function hearServices(view: PairView, { bus, clock }: StatusParts): Promise<void> {
  if (!bus.connected()) return;
  const untilMs = clock.monotonicMs() + hearForMs;
  while (clock.monotonicMs() < untilMs) {
    await pause(clock, lookEveryMs);
    if (view.heard().every((services) => serviceNames.every((name) => services.includes(name)))) return;
  }
}

async function tail({ events, clock }: StatusParts): Promise<CloudEvent[]> {
  const seen: CloudEvent[] = [];
  const ending = new AbortController();
  const read = events.read({ last: lastEvents, toEnd: true }, (event) => void seen.push(event), ending.signal);
  const late = { code: 'HS_NO_ANSWER', message: 'the event log does not answer' } as const;
  // A status without events is better than none.
  await within(clock, eventsTimeoutMs, read, late).catch(() => ending.abort());
  return seen;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
