import { type EventType, eventSchemas } from '@hotstandby/contracts';
import type { CloudEvent } from '@hotstandby/ports';

/** Told on the screen and in plain lines; the rest is for `hotstandby events`. */
const shown = new Set<EventType>([
  'role.changed',
  'store.lost',
  'store.found',
  'store.foreign',
  'store.went-back',
  'standby.registered',
  'standby.lost',
  'standby.refused',
  'listener.late',
  'binding.bound',
  'binding.released',
  'binding.failed',
  'sync.failed',
  'sync.conflict',
  'collector.failed',
  'collector.dropped',
  'mail.failed',
  'service.failed',
]);

/** A line for people, or null when the event is not one of those. */
export function describeEvent(event: CloudEvent, node: string): string | null {
  const type = event.type as EventType;
  if (!shown.has(type)) return null;
  const data = eventSchemas[type].safeParse(event.data).data as Record<string, unknown> | undefined;
  if (!data) return null;
  const said = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  if (type === 'role.changed') {
    const epoch = event.epoch === undefined ? '' : `, epoch ${event.epoch}`;
    return `node ${node}: ${said('from')} -> ${said('to')}${epoch} (${event.rule ?? said('rule')}: ${said('reason')})`;
  }
  const words = ['code', 'message', 'reason', 'name', 'listener', 'path', 'kind'].map(said).filter(Boolean);
  const addresses = Array.isArray(data['addresses']) ? data['addresses'].join(', ') : '';
  return `node ${node}: ${type}${words.length > 0 ? ` ${words.join(': ')}` : ''}${addresses ? ` ${addresses}` : ''}`;
}
