import {
  parse,
  promiseAnswer,
  subjects,
  type Permit,
  type Place,
  type PromisedMessage,
  type PromiseRequest,
} from '@hotstandby/contracts';
import type { Bus, Clock, Counter, Logger, Metrics, PeerLink } from '@hotstandby/ports';

export interface PromisesParts {
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  metrics: Metrics;
  link: PeerLink;
  timing: { leaseTtlMs: number };
}

/**
 * The second voter's line: asks the registered standby for promises on the active, and passes on what the peer asks to the
 * own arbiter, which decides. Nothing is remembered here.
 */
export class Promises {
  readonly #parts: PromisesParts;
  readonly #promisedSubject: string;
  readonly #refusals: Counter;
  #lastRefusal: string | null = null;

  constructor(parts: PromisesParts) {
    this.#parts = parts;
    this.#promisedSubject = subjects.promised(parts.place);
    this.#refusals = parts.metrics.counter(
      'hotstandby_promises_without_yes_total',
      'Requests for a promise that were not answered with yes.',
    );
  }

  open(): void {
    const { link, bus, place, timing } = this.#parts;
    const subject = subjects.promise(place);
    link.open((request) => bus.request(subject, request, timing.leaseTtlMs));
  }

  /** Asks once, when the permit names somebody whose promise counts. A yes goes to the arbiter, dated by this moment. */
  ask(permit: Permit): void {
    const { link, clock, bus, timing } = this.#parts;
    if (permit.epoch === null || permit.voter === null || !link.connected()) return;
    const asked: PromiseRequest = {
      epoch: permit.epoch,
      holder: permit.nodeId,
      holderIncarnation: permit.incarnation,
      standby: permit.voter.nodeId,
      standbyIncarnation: permit.voter.incarnation,
    };
    const sentAtMs = clock.monotonicMs();
    link
      .ask(asked, timing.leaseTtlMs)
      .then((answer) => {
        const { refused } = parse(promiseAnswer, answer, 'an answer to a promise request');
        if (refused === null) bus.publish(this.#promisedSubject, { sentAtMs, asked } satisfies PromisedMessage);
        else this.#refused(refused);
      })
      .catch((error: unknown) => this.#refused(String(error)));
  }

  /** Told when the reason changes, not at every beat. */
  #refused(reason: string): void {
    this.#refusals.add();
    if (reason === this.#lastRefusal) return;
    this.#lastRefusal = reason;
    this.#parts.log.info('the peer did not promise', { reason });
  }
}
