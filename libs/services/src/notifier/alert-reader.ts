import { emptyMemory, notify, notifyTypes, type Alert, type NotifyOptions } from '@hotstandby/core/notify-rules';
import { eventWallMs } from '@hotstandby/contracts';
import type { CloudEvent, Clock, EventLog, Logger, Outbox } from '@hotstandby/ports';
import type { RoleWatch } from '../role-watch/index.ts';
import { backoffMs } from './backoff.ts';
import { Bell } from './bell.ts';
import { faultOf, type Fault } from './fault.ts';

/** Older alerts are history, not news: not mailed any more when nobody did so until now. */
export const newsMs = 3_600_000;
const mostBackoffMs = 15_000;
/** The opening of the gate wakes the reader; this is for the day when nobody does. */
const waitLookMs = 2000;

export interface AlertReaderParts {
  events: EventLog;
  outbox: Outbox;
  watch: RoleWatch;
  clock: Clock;
  log: Logger;
  options: NotifyOptions;
  /** The outbox holds an alert that it did not hold before. */
  added: () => void;
}

/**
 * Reads the facts of both nodes, in both roles. An alert goes into the outbox on the active only; on a standby the
 * reader stops at the first alert and waits with it, until the node is active or the alert is no news any more. So a
 * standby that takes over goes on with what nobody may have put into the outbox yet, and what the dead node did put
 * there is recognised by its id.
 */
export class AlertReader {
  readonly #parts: AlertReaderParts;
  readonly #bell: Bell;
  readonly #ending = new AbortController();
  #memory = emptyMemory;
  #prepared = false;
  #fault: Fault | null = null;

  constructor(parts: AlertReaderParts) {
    this.#parts = parts;
    this.#bell = new Bell(parts.clock);
  }

  fault(): Fault | null {
    return this.#fault;
  }

  /** The gate may have opened. */
  wake(): void {
    this.#bell.ring();
  }

  async run(): Promise<void> {
    const { events, log } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        const what = { durableName: 'notifier', types: [...notifyTypes] };
        await events.read(what, (event) => this.#take(event), signal);
      } catch (error) {
        if (!signal.aborted) log.warn('reading events ended and is begun again', { error: String(error) });
      }
      if (!signal.aborted) await this.#bell.wait(mostBackoffMs);
    }
  }

  end(): void {
    this.#ending.abort();
    this.#bell.ring();
  }

  async #take(event: CloudEvent): Promise<void> {
    const wallMs = eventWallMs(event);
    if (wallMs === null) return;
    const { alert, memory } = notify(event, wallMs, this.#parts.options, this.#memory);
    if (alert) await this.#add(alert, wallMs);
    // Only now: an event that is read again is decided again as it was.
    this.#memory = memory;
  }

  /** Returns when the alert is in the outbox, or is no news. Throws when the service ends: the event is read again. */
  async #add(alert: Alert, wallMs: number): Promise<void> {
    const { clock, outbox, watch, log } = this.#parts;
    for (let attempt = 0; ;) {
      this.#ending.signal.throwIfAborted();
      if (clock.wallMs() - wallMs > newsMs) return;
      const grant = watch.open();
      if (!grant) {
        this.#fault = null;
        attempt = 0;
        await this.#bell.wait(waitLookMs);
        continue;
      }
      try {
        if (!this.#prepared) await outbox.prepare();
        this.#prepared = true;
        const isNew = await outbox.add({ epoch: grant.epoch, incarnation: grant.incarnation }, alert);
        if (isNew) log.info('an alert was put into the outbox', { alert: alert.id, subject: alert.subject });
        this.#fault = null;
        this.#parts.added();
        return;
      } catch (error) {
        const fault = faultOf(error, 'HS_STORE_UNREACHABLE');
        if (this.#fault?.message !== fault.message) log.warn('the outbox does not take an alert', { ...fault });
        this.#fault = fault;
        await this.#bell.wait(backoffMs(attempt++, mostBackoffMs));
      }
    }
  }
}
