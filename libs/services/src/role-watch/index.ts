import { RoleGate } from '@hotstandby/core/role-gate';
import { grant as grantSchema, parse, subjects, type Grant, type Place } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Logger, Unsubscribe } from '@hotstandby/ports';
import type { Listener } from './listener.ts';

export { Listener, type ListenerParts } from './listener.ts';

export interface RoleListener {
  /** The gate opened, or the grant passed to a newer epoch. Renewals do not call it. */
  opened?(grant: Grant & { epoch: number }): void;
  /** The gate shut: lapsed, revoked, or the arbiter is gone. Called at the deadline, not at the next message. */
  shut?(reason: string): void;
  /** Every message of the arbiter whose role differs from the one before. */
  roleChanged?(role: Grant['role']): void;
}

/**
 * Holds a service's role gate to the arbiter's word. Ask `open()` right before every side effect; the callbacks only
 * tell when to begin and end.
 *
 * With a `Listener`, the grants of an arbiter that does not know this service open nothing: a hand-over would not ask it,
 * and when it is frozen meanwhile it would find the old grant before the word that ended it (`docs/lease.md`, "Hand-over").
 */
export class RoleWatch {
  readonly #gate = new RoleGate();
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #log: Logger;
  readonly #told: RoleListener;
  readonly #listener: Listener | null;
  #latest: Grant | null = null;
  #openEpoch: number | null = null;
  #cancelTimer: Cancel = () => {};
  #unsubscribe: Unsubscribe = () => {};

  constructor(
    parts: { bus: Bus; clock: Clock; place: Place; log: Logger },
    told: RoleListener = {},
    listener: Listener | null = null,
  ) {
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#place = parts.place;
    this.#log = parts.log;
    this.#told = told;
    this.#listener = listener;
    if (listener) listener.onConfirmed = () => this.#look();
  }

  start(): void {
    this.#unsubscribe = this.#bus.subscribe(subjects.grant(this.#place), (payload) => {
      try {
        this.#take(parse(grantSchema, payload, 'a grant'));
      } catch (error) {
        this.#log.error('a grant was not understood and is ignored', { error: String(error) });
      }
    });
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancelTimer();
    this.#gate.set(null);
    this.#openEpoch = null;
  }

  /** The grant, when it is valid right now. */
  open(): (Grant & { epoch: number }) | null {
    const valid = this.#gate.open(this.#clock.monotonicMs());
    if (!valid || this.#latest?.epoch !== valid.epoch) return null;
    if (this.#listener && !this.#listener.isKnownTo(this.#latest.incarnation)) return null;
    return { ...this.#latest, epoch: valid.epoch };
  }

  /** The arbiter's last word, valid or not; null before the first. */
  latest(): Grant | null {
    return this.#latest;
  }

  #take(message: Grant): void {
    const previous = this.#latest;
    // A message that was overtaken by a newer epoch's says nothing any more.
    if (previous?.epoch != null && message.epoch !== null && message.epoch < previous.epoch) return;
    this.#latest = message;
    const { epoch, incarnation, deadlineMs } = message;
    this.#gate.set(epoch === null ? null : { epoch, incarnation, deadlineMs });
    this.#listener?.heard(incarnation);
    if (previous?.role !== message.role) this.#told.roleChanged?.(message.role);
    this.#look();
  }

  #look(): void {
    if (!this.#latest) return;
    const open = this.open();
    if (!open) return this.#shut(this.#whyShut(this.#latest));
    if (this.#openEpoch !== open.epoch) {
      this.#openEpoch = open.epoch;
      this.#told.opened?.(open);
    }
    this.#armDeadline();
  }

  #whyShut({ epoch, role, incarnation }: Grant): string {
    if (epoch === null) return `revoked: the node is ${role}`;
    if (this.#listener && !this.#listener.isKnownTo(incarnation)) return 'the arbiter does not know this service yet';
    return 'the grant had lapsed when it arrived';
  }

  #armDeadline(): void {
    this.#cancelTimer();
    const open = this.open();
    if (!open) return this.#shut('the grant lapsed');
    // Looked at again when it is due: a timer that came early must not leave the gate's end untold.
    const leftMs = open.deadlineMs - this.#clock.monotonicMs();
    this.#cancelTimer = this.#clock.after(Math.max(0, leftMs), () => this.#armDeadline());
  }

  #shut(reason: string): void {
    this.#cancelTimer();
    if (this.#openEpoch === null) return;
    this.#openEpoch = null;
    this.#told.shut?.(reason);
  }
}
