import { RoleGate } from '@hotstandby/core/role-gate';
import { grant as grantSchema, parse, subjects, type Grant, type Place } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Logger, Unsubscribe } from '@hotstandby/ports';

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
 */
export class RoleWatch {
  readonly #gate = new RoleGate();
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #log: Logger;
  readonly #listener: RoleListener;
  #latest: Grant | null = null;
  #openEpoch: number | null = null;
  #cancelTimer: Cancel = () => {};
  #unsubscribe: Unsubscribe = () => {};

  constructor(parts: { bus: Bus; clock: Clock; place: Place; log: Logger }, listener: RoleListener = {}) {
    this.#bus = parts.bus;
    this.#clock = parts.clock;
    this.#place = parts.place;
    this.#log = parts.log;
    this.#listener = listener;
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
    if (previous?.role !== message.role) this.#listener.roleChanged?.(message.role);

    const open = this.open();
    if (!open) {
      this.#shut(epoch === null ? `revoked: the node is ${message.role}` : 'the grant had lapsed when it arrived');
      return;
    }
    if (this.#openEpoch !== open.epoch) {
      this.#openEpoch = open.epoch;
      this.#listener.opened?.(open);
    }
    this.#armDeadline();
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
    this.#listener.shut?.(reason);
  }
}
