import { BusError, type Bus, type Unsubscribe } from '@hotstandby/ports';
import { jsonCopy } from '../local-bus/json-copy.ts';
import type { Process } from './process.ts';

type Handler = (payload: unknown, subject: string) => void;
type Responder = (payload: unknown) => unknown | Promise<unknown>;

/** How a message gets from one process to the next: at once (after what runs now), or with a delay, never overtaking. */
export type Deliver = (run: () => void) => void;

interface Subscribed {
  subject: string;
  process: Process;
  handler: Handler;
  deliver: Deliver;
}

interface Responding {
  process: Process;
  handler: Responder;
}

/** A node's own NATS server, with an end for each process. What is published for the peer goes over the leaf. */
export class HostBus {
  #subscribed: Subscribed[] = [];
  #routes = new Map<string, Subscribed[]>();
  readonly #responding = new Map<string, Responding>();
  readonly #newDeliver: () => Deliver;
  /** Takes a message to the other nodes; whoever subscribed there gets it. */
  readonly #leaf: (run: (other: HostBus) => void) => void;
  #away = false;
  /** Told when the server is gone, and when it is back; null: nobody listens. */
  readonly #onStatus: { process: Process; told: (connected: boolean) => void }[] | null;

  constructor(newDeliver: () => Deliver, leaf: (run: (other: HostBus) => void) => void, tellsStatus = false) {
    this.#newDeliver = newDeliver;
    this.#leaf = leaf;
    this.#onStatus = tellsStatus ? [] : null;
  }

  /** The server is gone: what is said meanwhile is lost. */
  setAway(away: boolean): void {
    const changed = this.#away !== away;
    this.#away = away;
    if (changed) for (const { process, told } of this.#onStatus ?? []) process.input(() => told(!away));
  }

  isAway(): boolean {
    return this.#away;
  }

  end(process: Process): Bus {
    const deliver = this.#newDeliver();
    process.onDeath(() => this.#drop(process));
    return {
      publish: (subject, payload) => {
        const copy = jsonCopy(payload);
        process.output(() => {
          if (this.#away) return;
          this.hear(subject, copy);
          if (crosses(subject)) this.#leaf((other) => other.hear(subject, copy));
        });
      },
      subscribe: (subject, handler) => this.#subscribe({ subject, process, handler, deliver }),
      request: (subject, payload, timeoutMs) => this.#request(process, deliver, subject, jsonCopy(payload), timeoutMs),
      respond: (subject, handler) => {
        const one = { process, handler };
        this.#responding.set(subject, one);
        return () => {
          if (this.#responding.get(subject) === one) this.#responding.delete(subject);
        };
      },
      connected: () => !this.#away,
      onStatus: (told) => {
        this.#onStatus?.push({ process, told });
        return () => {};
      },
    };
  }

  hear(subject: string, payload: unknown): void {
    for (const { process, handler, deliver } of this.#route(subject)) {
      deliver(() => process.input(() => handler(payload, subject)));
    }
  }

  #subscribe(one: Subscribed): Unsubscribe {
    this.#subscribed.push(one);
    this.#routes.clear();
    return () => {
      this.#subscribed = this.#subscribed.filter((other) => other !== one);
      this.#routes.clear();
    };
  }

  #request(process: Process, deliver: Deliver, subject: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) =>
        process.input(() => {
          cancel();
          settle();
        });
      const cancel = process.after(timeoutMs, () => reject(new BusError('timeout', `${subject} was not answered`)));
      process.output(() => {
        if (this.#away) return end(() => reject(new BusError('disconnected', 'the bus is away')));
        const responding = this.#responding.get(subject);
        if (!responding) return end(() => reject(new BusError('no-responders', `nobody answers ${subject}`)));
        const { process: responder, handler } = responding;
        const reply = (settle: () => void) =>
          responder.output(() => {
            if (!this.#away) deliver(() => end(settle));
          });
        deliver(() =>
          responder.input(() => {
            void asPromise(() => handler(payload)).then(
              (answer) => reply(() => resolve(jsonCopy(answer ?? null))),
              (error: unknown) => reply(() => reject(new BusError('remote', String(error)))),
            );
          }),
        );
      });
    });
  }

  #route(subject: string): Subscribed[] {
    const known = this.#routes.get(subject);
    if (known) return known;
    const route = this.#subscribed.filter((one) => matches(one.subject, subject));
    this.#routes.set(subject, route);
    return route;
  }

  #drop(process: Process): void {
    this.#subscribed = this.#subscribed.filter((one) => one.process !== process);
    this.#routes.clear();
    for (const [subject, one] of this.#responding) if (one.process === process) this.#responding.delete(subject);
  }
}

/** What arbiters say to each other, and how the services are. */
const crosses = (subject: string) => subject.endsWith('.released') || subject.endsWith('.status');

function matches(wanted: string, subject: string): boolean {
  if (wanted === subject || !wanted.includes('*')) return wanted === subject;
  const tokens = subject.split('.');
  const wantedTokens = wanted.split('.');
  return (
    tokens.length === wantedTokens.length &&
    wantedTokens.every((token, index) => token === '*' || token === tokens[index])
  );
}

async function asPromise<Value>(run: () => Value): Promise<Awaited<Value>> {
  return await run();
}
