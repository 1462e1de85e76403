import { BusError, type Bus, type Unsubscribe } from '@hotstandby/ports';
import { jsonCopy } from './json-copy.ts';

type Handler = (payload: unknown, subject: string) => void;
type Responder = (payload: unknown) => unknown | Promise<unknown>;

/** The bus inside one process, for unit tests of services: delivers at once, payloads as JSON like the real one. */
export class LocalBus implements Bus {
  /** The newest messages, for a test to look at. */
  readonly published: { subject: string; payload: unknown }[] = [];
  readonly #mostKept: number;
  #subscribed: { pattern: string; handler: Handler }[] = [];
  /** Who hears a subject; made anew after every change. */
  #routes = new Map<string, Handler[]>();
  #responders = new Map<string, Responder>();
  #statusListeners = new Set<(connected: boolean) => void>();
  #connected = true;

  constructor(mostKept = 5000) {
    this.#mostKept = mostKept;
  }

  publish(subject: string, payload: unknown): void {
    if (!this.#connected) return;
    const copy = jsonCopy(payload);
    if (this.#mostKept > 0) this.#keep(subject, copy);
    for (const handler of this.#route(subject)) handler(copy, subject);
  }

  subscribe(subject: string, handler: Handler): Unsubscribe {
    const one = { pattern: subject, handler };
    this.#subscribed.push(one);
    this.#routes.clear();
    return () => {
      this.#subscribed = this.#subscribed.filter((other) => other !== one);
      this.#routes.clear();
    };
  }

  async request(subject: string, payload: unknown, _timeoutMs: number): Promise<unknown> {
    if (!this.#connected) throw new BusError('disconnected', 'the bus is away');
    const responder = this.#responders.get(subject);
    if (!responder) throw new BusError('no-responders', `nobody answers ${subject}`);
    try {
      return jsonCopy(await responder(jsonCopy(payload)));
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

  #keep(subject: string, payload: unknown): void {
    this.published.push({ subject, payload });
    if (this.published.length > 2 * this.#mostKept) this.published.splice(0, this.#mostKept);
  }

  #route(subject: string): Handler[] {
    const known = this.#routes.get(subject);
    if (known) return known;
    const route = this.#subscribed.filter(({ pattern }) => matches(pattern, subject)).map(({ handler }) => handler);
    this.#routes.set(subject, route);
    return route;
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
