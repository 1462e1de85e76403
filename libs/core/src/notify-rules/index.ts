import { alertRules, type AlertTopic } from './alert-rules.ts';
import { alertText } from './alert-text.ts';
import { factsOf, type NotifyEvent } from './facts.ts';

export type { NotifyEvent } from './facts.ts';
export type { AlertTopic } from './alert-rules.ts';

export interface Alert {
  /** Made from the event's id alone, so that both nodes make the same alert of the same event. */
  id: string;
  kind: string;
  subject: string;
  text: string;
  /** The event's time. */
  createdAt: string;
}

export interface NotifyOptions {
  alerts: Record<AlertTopic, boolean>;
  /** The same kind about the same thing makes no further alert within this time of the events' own clocks. */
  quietMs: number;
  subjectPrefix: string;
}

/** What was sent lately, from the events themselves: whoever reads the same events remembers the same. */
export interface NotifyMemory {
  sent: Readonly<Record<string, { atMs: number; keptQuiet: number }>>;
  standbyLost: boolean;
}

export const emptyMemory: NotifyMemory = { sent: {}, standbyLost: false };

/** The types of events to read: all others make no alert and change nothing. */
export const notifyTypes: readonly string[] = Object.keys(alertRules);

const mostRemembered = 200;

/**
 * Decides whether an event is told to people. Events of both nodes, in the order in which they are read; `atMs` is the
 * event's own time in ms since 1970.
 */
export function notify(
  event: NotifyEvent,
  atMs: number,
  options: NotifyOptions,
  memory: NotifyMemory,
): { alert: Alert | null; memory: NotifyMemory } {
  const rule = Object.hasOwn(alertRules, event.type) ? alertRules[event.type] : undefined;
  if (!rule) return { alert: null, memory };
  const facts = factsOf(event);
  const draft = rule(facts, memory);
  const next = { ...memory, standbyLost: standbyLostAfter(event.type, draft?.kind, memory.standbyLost) };
  if (!draft || !options.alerts[draft.topic]) return { alert: null, memory: next };

  const key = `${draft.kind} ${draft.about}`;
  const last = Object.hasOwn(memory.sent, key) ? memory.sent[key] : undefined;
  // Clocks of two nodes differ a little, and a stream is read in its own order: only the distance counts.
  if (last && Math.abs(atMs - last.atMs) < options.quietMs) {
    return { alert: null, memory: remember(next, key, { ...last, keptQuiet: last.keptQuiet + 1 }) };
  }
  const alert: Alert = {
    id: `${draft.kind}.${event.id.replace(/[^A-Za-z0-9._-]/g, '_')}`.slice(0, 180),
    kind: draft.kind,
    subject: `${options.subjectPrefix} ${draft.subject}`.trim().slice(0, 200),
    text: alertText(facts, draft, last?.keptQuiet ?? 0),
    createdAt: event.time,
  };
  return { alert, memory: remember(next, key, { atMs, keptQuiet: 0 }) };
}

/** After a take-over the pair lacks a standby although nobody said `standby.lost`: the lost one was the active. */
function standbyLostAfter(type: string, kind: string | undefined, before: boolean): boolean {
  if (type === 'standby.lost' || kind === 'takeover') return true;
  return type === 'standby.registered' ? false : before;
}

function remember(memory: NotifyMemory, key: string, entry: { atMs: number; keptQuiet: number }): NotifyMemory {
  const others = Object.entries(memory.sent).filter(([other]) => other !== key);
  // Insertion order is age: the oldest are forgotten first.
  return { ...memory, sent: Object.fromEntries([...others.slice(-(mostRemembered - 1)), [key, entry]]) };
}
