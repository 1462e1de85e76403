/** The right to act as the active, as one service holds it. Times are CLOCK_MONOTONIC of the host, in ms. */
export interface GateGrant {
  epoch: number;
  incarnation: string;
  deadlineMs: number;
}

/**
 * Asked before every side effect that only the active may have. It knows no clock: the time is an argument, read right
 * before the effect, so a process that was frozen finds the gate shut when it wakes.
 */
export class RoleGate {
  #grant: GateGrant | null = null;

  /** The newest word of the arbiter; an older epoch never replaces a newer one, null shuts the gate. */
  set(grant: GateGrant | null): void {
    if (grant && this.#grant && grant.epoch < this.#grant.epoch) return;
    this.#grant = grant;
  }

  /** The grant when it is valid at `nowMs`, else null. */
  open(nowMs: number): GateGrant | null {
    return this.#grant && nowMs < this.#grant.deadlineMs ? this.#grant : null;
  }

  /** When the gate shuts if nothing renews it; null: it is shut for want of a grant. */
  deadlineMs(): number | null {
    return this.#grant?.deadlineMs ?? null;
  }
}
