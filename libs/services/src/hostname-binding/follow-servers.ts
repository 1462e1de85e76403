import type { HostnameView } from '@hotstandby/core/hostname-plan';
import type { Cancel, Clock, NameServers } from '@hotstandby/ports';
import { asNameFault, nameFault, type NameFault } from './name-fault.ts';

const firstWaitMs = 20;
const longestWaitMs = 500;

/** Looks at the servers that take no updates from us, until they show what the primary shows. */
export class FollowServers {
  readonly #parts: { names: NameServers; clock: Clock; changed: () => void };
  readonly #faults = new Map<string, NameFault>();
  readonly #agreed = new Set<string>();
  #cancels: Cancel[] = [];
  #round = 0;

  /** `changed`: what `fault` or `agreed` says has changed. */
  constructor(parts: { names: NameServers; clock: Clock; changed: () => void }) {
    this.#parts = parts;
  }

  agreed(): string[] {
    return this.#parts.names.servers.filter((one) => this.#agreed.has(one));
  }

  fault(): NameFault | null {
    return [...this.#faults.values()][0] ?? null;
  }

  /** Until all agree; for `patienceMs` without calling it a fault, and then no more until it is called again. */
  follow(agrees: (view: HostnameView) => boolean, patienceMs: number): void {
    this.stop();
    const { names, clock } = this.#parts;
    const round = this.#round;
    const untilMs = clock.monotonicMs() + patienceMs;
    for (const server of names.servers.slice(1))
      void this.#ask(server, agrees, { round, untilMs, waitMs: firstWaitMs });
  }

  /** Nothing is expected of them any more. */
  forget(): void {
    this.stop();
    this.#agreed.clear();
    this.#faults.clear();
  }

  stop(): void {
    this.#round++;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  async #ask(
    server: string,
    agrees: (view: HostnameView) => boolean,
    pace: { round: number; untilMs: number; waitMs: number },
  ): Promise<void> {
    const { names, clock, changed } = this.#parts;
    const fault = await names
      .look(server)
      .then(
        (view) => (agrees(view) ? null : nameFault('HS_DNS_BEHIND', `${server} does not show the new records yet`)),
        asNameFault,
      );
    if (pace.round !== this.#round) return;
    if (!fault) {
      this.#agreed.add(server);
      this.#faults.delete(server);
      return changed();
    }
    this.#agreed.delete(server);
    if (clock.monotonicMs() >= pace.untilMs) {
      this.#faults.set(server, fault);
      return changed();
    }
    const next = { ...pace, waitMs: Math.min(pace.waitMs * 2, longestWaitMs) };
    this.#cancels.push(clock.after(pace.waitMs, () => void this.#ask(server, agrees, next)));
  }
}
