import { makeEvent, type Emit, type EventData, type EventExtras, type EventType } from '@hotstandby/contracts';
import type { Clock, EventLog, Ids } from '@hotstandby/ports';
import type { Foundation } from './foundation.ts';

/** Telling facts over the event log. What could not be kept is logged and counted, because the caller has gone on. */
export function makeEmit(foundation: Foundation, made: { clock: Clock; ids: Ids; events: EventLog }): Emit {
  const { service, place, log, metrics } = foundation;
  const lost = metrics.counter('hotstandby_events_lost_total', 'Facts that could not be kept in the ops stream', [
    'type',
  ]);
  return async <Type extends EventType>(type: Type, data: EventData<Type>, extras: EventExtras = {}) => {
    const { id = made.ids.uuid(), ...rest } = extras;
    try {
      const event = makeEvent({ ...place, service }, type, data, { id, wallMs: made.clock.wallMs() }, rest);
      await made.events.append(event);
    } catch (error) {
      lost.add(1, { type });
      log.warn('a fact could not be kept in the ops stream', { type, id, error: String(error) });
    }
  };
}
