import { parse, serviceStatus, type ServiceSeen, type ServiceStatus } from '@hotstandby/contracts';
import type { Clock } from '@hotstandby/ports';

interface Entry {
  status: ServiceStatus;
  atMs: number;
}

/** A status comes every second; one that is older says that its service hangs, died, or is out of reach. */
export const freshForMs = 3000;
const keptForMs = 60_000;
const mostEntries = 64;

/** The last word of every service of a node, replicas apart. */
export class StatusBoard {
  readonly #clock: Clock;
  #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws `ContractError`. */
  take(payload: unknown): void {
    const status = parse(serviceStatus, payload, "a service's status");
    const key = `${status.service} ${status.instance}`;
    this.#entries.delete(key);
    this.#entries.set(key, { status, atMs: this.#clock.monotonicMs() });
    if (this.#entries.size <= mostEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** In the order of service names; a silent instance only when no other of its service speaks. */
  seen(): ServiceSeen[] {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { atMs }] of this.#entries) if (nowMs - atMs > keptForMs) this.#entries.delete(key);
    const all = [...this.#entries.values()].map(({ status, atMs }) => ({ ...status, ageMs: Math.round(nowMs - atMs) }));
    const speaking = new Set(all.filter(({ ageMs }) => ageMs <= freshForMs).map(({ service }) => service));
    return all
      .filter(({ service, ageMs }) => ageMs <= freshForMs || !speaking.has(service))
      .toSorted((one, other) => compare(one.service, other.service) || compare(one.instance, other.instance));
  }
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
