import type { NodeConfig } from '@hotstandby/config';
import type { Emit, Place } from '@hotstandby/contracts';
import type {
  Bus,
  Cancel,
  Clock,
  EventLog,
  Logger,
  Mailer,
  Metrics,
  Outbox,
  Service,
  ServiceReport,
} from '@hotstandby/ports';
import { RoleWatch } from '../role-watch/index.ts';
import { AlertReader } from './alert-reader.ts';
import { OutboxSender } from './outbox-sender.ts';

/** A mail that is under way when the service stops gets this long. */
const lastMailMs = 3000;
/** Nobody needs the server between alerts, so it is asked now and then whether it would take one. */
const verifyEveryMs = 600_000;
const verifyAgainMs = 60_000;

export interface NotifierParts {
  events: EventLog;
  outbox: Outbox;
  mailer: Mailer;
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  notifier: Extract<NodeConfig['notifier'], { enabled: true }>;
}

/** Tells people: makes alerts of events, and sends them by way of the outbox in the store. */
export class Notifier implements Service {
  readonly #parts: NotifierParts;
  readonly #watch: RoleWatch;
  readonly #reader: AlertReader;
  readonly #sender: OutboxSender;
  #loops: Promise<unknown> = Promise.resolve();
  #cancelVerify: Cancel = () => {};
  #stopped = false;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    const { alerts, quietSeconds, subjectPrefix, from, to } = parts.notifier;
    this.#watch = new RoleWatch(parts, {
      opened: () => {
        this.#reader.wake();
        this.#sender.wake();
      },
    });
    const { watch, options } = { watch: this.#watch, options: { alerts, quietMs: quietSeconds * 1000, subjectPrefix } };
    this.#sender = new OutboxSender({ ...parts, watch, from, to: [...new Set(to)] });
    this.#reader = new AlertReader({ ...parts, watch, options, added: () => this.#sender.wake() });
  }

  async start(): Promise<void> {
    this.#watch.start();
    this.#loops = Promise.all([this.#reader.run(), this.#sender.run()]);
    void this.#verify();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelVerify();
    this.#reader.end();
    this.#sender.end();
    let cancel: Cancel = () => {};
    const patience = new Promise<void>((resolve) => (cancel = this.#parts.clock.after(lastMailMs, resolve)));
    await Promise.race([this.#loops, patience]);
    cancel();
    this.#watch.stop();
  }

  report(): ServiceReport {
    const active = this.#watch.open() !== null;
    const { smtp, to } = this.#parts.notifier;
    const detail = { server: `${smtp.host}:${smtp.port}`, recipients: to.length, lastSent: this.#sender.lastSent() };
    const fault = this.#sender.fault() ?? this.#reader.fault();
    if (fault) {
      const summary = `alerts wait in the outbox: ${fault.message}. ${fault.cure}`;
      return { health: 'degraded', summary, detail: { ...detail, code: fault.code } };
    }
    const summary = active ? 'sends alerts' : 'sends nothing: this node is not active';
    return { health: 'ok', summary, detail };
  }

  async #verify(): Promise<void> {
    await this.#sender.verify();
    if (this.#stopped) return;
    const delayMs = this.#sender.fault() ? verifyAgainMs : verifyEveryMs;
    this.#cancelVerify = this.#parts.clock.after(delayMs, () => void this.#verify());
  }
}

/** What runs where no mail is configured. */
export class SilentNotifier implements Service {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  report(): ServiceReport {
    return { health: 'ok', summary: 'notifier.enabled is false: nobody is told anything', detail: {} };
  }
}
