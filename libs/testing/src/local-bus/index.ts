import { BusError, type Bus, type Unsubscribe } from '@hotstandby/ports';

type Handler = (payload: unknown, subject: string) => void;
type Responder = (payload: unknown) => unknown | Promise<unknown>;

const mostKept = 5000;

/** The bus inside one process, for unit tests of services: delivers at once, payloads as JSON like the real one. */
export class LocalBus implements Bus {
  /** The newest messages, for a test to look at. */
  readonly published: { subject: string; payload: unknown }[] = [];
  #handlers = new Map<string, Set<Handler>>();
  #wildcards = new Map<string, Set<Handler>>();
  #responders = new Map<string, Responder>();
  #statusListeners = new Set<(connected: boolean) => void>();
  #connected = true;

  publish(subject: string, payload: unknown): void {
    if (!this.#connected) return;
    const copy: unknown = JSON.parse(JSON.stringify(payload));
    this.published.push({ subject, payload: copy });
    if (this.published.length > 2 * mostKept) this.published.splice(0, mostKept);
    for (const handler of this.#handlers.get(subject) ?? []) handler(copy, subject);
    for (const [pattern, handlers] of this.#wildcards) {
      if (matches(pattern, subject)) for (const handler of handlers) handler(copy, subject);
    }
  }

  subscribe(subject: string, handler: Handler): Unsubscribe {
    const kept = /[*>]/.test(subject) ? this.#wildcards : this.#handlers;
    const handlers = kept.get(subject) ?? new Set();
    kept.set(subject, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  async request(subject: string, payload: unknown, _timeoutMs: number): Promise<unknown> {
    if (!this.#connected) throw new BusError('disconnected', 'the bus is away');
    const responder = this.#responders.get(subject);
    if (!responder) throw new BusError('no-responders', `nobody answers ${subject}`);
    try {
      return JSON.parse(JSON.stringify(await responder(JSON.parse(JSON.stringify(payload)))));
    } catch (error) {
      throw new BusError('remote', String(error), (error as { code?: string }).code);
    }
  }

  respond(subject: string, handler: Responder): Unsubscribe {
    this.#responders.set(subject, handler);
    return () => this.#responders.delete(subject);
  }

  connected(): boolean {
    return this.#connected;
  }

  onStatus(listener: (connected: boolean) => void): Unsubscribe {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  setConnected(connected: boolean): void {
    this.#connected = connected;
    for (const listener of this.#statusListeners) listener(connected);
  }
}

function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    if (given[index] === undefined || (token !== '*' && token !== given[index])) return false;
  }
  return wanted.length === given.length;
}
