import {
  listenerRegistration,
  parse,
  prepareReply,
  serviceNames,
  subjects,
  type Emit,
  type ListenerRegistered,
  type ListenerRegistration,
  type Place,
  type PrepareRequest,
} from '@hotstandby/contracts';
import type { Bus, Clock, Logger } from '@hotstandby/ports';

interface Registered extends ListenerRegistration {
  untilMs: number;
}

/** Others than the node's own services, whose gates depend on it. */
const mostOthers = 100;
const ownServices: readonly string[] = serviceNames;

export interface ListenersParts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  emit: Emit;
  place: Place;
  incarnation: string;
  /** A hand-over is being prepared: its listeners are being asked, or were, and the gates are still open. */
  preparing: () => boolean;
}

/**
 * Who is asked before a planned transition and told after every one: by order, equal ones side by side, none longer than
 * its own deadline. A registration ends when it is not renewed, so a listener that is gone holds up nobody.
 */
export class Listeners {
  readonly #parts: ListenersParts;
  readonly #registered = new Map<string, Registered>();

  constructor(parts: ListenersParts) {
    this.#parts = parts;
  }

  register(payload: unknown): ListenerRegistered {
    const { incarnation, preparing } = this.#parts;
    const wanted = parse(listenerRegistration, payload, 'a listener registration');
    // It was not asked, or an earlier process of that name was: its gate must not open now.
    if (preparing()) return { registered: false, incarnation };
    this.#expire();
    const known = this.#registered.has(wanted.name);
    if (!known && !this.#hasRoomFor(wanted.name)) return { registered: false, incarnation };
    this.#registered.set(wanted.name, { ...wanted, untilMs: this.#parts.clock.monotonicMs() + wanted.ttlMs });
    if (!known) this.#parts.log.info('a listener registered', { listener: wanted.name, order: wanted.order });
    return { registered: true, incarnation };
  }

  #hasRoomFor(name: string): boolean {
    const others = [...this.#registered.keys()].filter((other) => !ownServices.includes(other));
    return ownServices.includes(name) || others.length < mostOthers;
  }

  deregister(payload: unknown): { deregistered: boolean } {
    const { name } = parse(listenerRegistration.pick({ name: true }), payload, 'a listener deregistration');
    return { deregistered: this.#registered.delete(name) };
  }

  list(): ListenerRegistration[] {
    this.#expire();
    return [...this.#registered.values()].sort(
      (one, other) => one.order - other.order || one.name.localeCompare(other.name),
    );
  }

  /** The longest that all of them together may take. */
  totalDeadlineMs(): number {
    return this.#groups().reduce((total, group) => total + Math.max(...group.map((one) => one.deadlineMs)), 0);
  }

  /** Resolves when everybody has answered or run out of time; returns the names of the late ones. */
  async ask(about: Omit<PrepareRequest, 'deadlineMs'>): Promise<string[]> {
    const late: string[] = [];
    for (const group of this.#groups()) {
      const answers = await Promise.all(group.map((listener) => this.#askOne(listener, about)));
      late.push(...group.filter((_, index) => !answers[index]).map((listener) => listener.name));
    }
    return late;
  }

  async #askOne(listener: ListenerRegistration, about: Omit<PrepareRequest, 'deadlineMs'>): Promise<boolean> {
    const { bus, place, log, emit } = this.#parts;
    const { name, deadlineMs } = listener;
    try {
      const request: PrepareRequest = { ...about, deadlineMs };
      const reply = parse(
        prepareReply,
        await bus.request(subjects.prepare(place, name), request, deadlineMs),
        'an answer of a listener',
      );
      if (reply.done) return true;
      log.warn('a listener was not ready', { listener: name, phase: about.phase, message: reply.message });
    } catch (error) {
      log.warn('a listener did not answer', { listener: name, phase: about.phase, error: String(error) });
    }
    void emit('listener.late', { listener: name, phase: about.phase, deadlineMs });
    return false;
  }

  #groups(): ListenerRegistration[][] {
    return [...Map.groupBy(this.list(), (listener) => listener.order).values()];
  }

  #expire(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [name, { untilMs }] of this.#registered) if (nowMs >= untilMs) this.#registered.delete(name);
  }
}
