import { errorCodes, type Emit } from '@hotstandby/contracts';
import {
  MailError,
  type Clock,
  type Counter,
  type Logger,
  type Mailer,
  type Metrics,
  type Outbox,
  type OutboxEntry,
} from '@hotstandby/ports';
import type { RoleWatch } from '../role-watch/index.ts';
import { backoffMs } from './backoff.ts';
import { Bell } from './bell.ts';
import { faultOf, type Fault } from './fault.ts';

const pollMs = 2000;
const batch = 20;
/** The server is away or refuses us: tried again at least this often. */
const mostServerBackoffMs = 60_000;
/** The server does not take one mail for now (greylisting, a full mailbox). */
const mostEntryBackoffMs = 300_000;

export interface OutboxSenderParts {
  outbox: Outbox;
  mailer: Mailer;
  watch: RoleWatch;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  from: string;
  to: string[];
}

/** What is known of a mail's recipients while not all are settled. Lost with the process: then all get the mail again. */
interface Progress {
  accepted: string[];
  refused: { to: string; message: string }[];
}

/** Sends what is due in the outbox while this node is active, one mail at a time. */
export class OutboxSender {
  readonly #parts: OutboxSenderParts;
  readonly #bell: Bell;
  readonly #progress = new Map<string, Progress>();
  readonly #sent: Counter;
  readonly #failed: Counter;
  #ended = false;
  #serverFailures = 0;
  #notBeforeMs = -Infinity;
  #fault: Fault | null = null;
  #lastSent: string | null = null;

  constructor(parts: OutboxSenderParts) {
    this.#parts = parts;
    this.#bell = new Bell(parts.clock);
    const { metrics } = parts;
    this.#sent = metrics.counter('hotstandby_mails_sent_total', 'Alerts that the SMTP server took');
    this.#failed = metrics.counter('hotstandby_mails_failed_total', 'Attempts that failed', ['code']);
  }

  fault(): Fault | null {
    return this.#fault;
  }

  /** Subject of the last alert that was sent by this process. */
  lastSent(): string | null {
    return this.#lastSent;
  }

  wake(): void {
    this.#bell.ring();
  }

  /** Whether the server would take a mail, before one depends on it. */
  async verify(): Promise<void> {
    try {
      await this.#parts.mailer.verify();
      this.#serverWorks();
    } catch (error) {
      this.#tell(faultOf(error, 'HS_MAIL_UNREACHABLE'), null);
    }
  }

  async run(): Promise<void> {
    while (!this.#ended) {
      const active = this.#parts.watch.open() !== null;
      // A standby does not need the outbox.
      if (!active) this.#outboxWorks();
      const more = active && (await this.#round());
      if (!more && !this.#ended) await this.#bell.wait(pollMs);
    }
  }

  end(): void {
    this.#ended = true;
    this.#bell.ring();
  }

  /** True: there may be more that is due now. */
  async #round(): Promise<boolean> {
    const { clock, outbox, watch } = this.#parts;
    if (clock.monotonicMs() < this.#notBeforeMs) return false;
    try {
      const due = await outbox.due(batch);
      for (const entry of due) {
        if (this.#ended || !watch.open() || clock.monotonicMs() < this.#notBeforeMs) return false;
        await this.#send(entry);
      }
      this.#outboxWorks();
      return due.length === batch;
    } catch (error) {
      this.#tell(faultOf(error, 'HS_STORE_UNREACHABLE'), null);
      return false;
    }
  }

  /** Throws what the outbox throws. */
  async #send(entry: OutboxEntry): Promise<void> {
    const { mailer, outbox, from, to } = this.#parts;
    const progress = this.#progress.get(entry.id) ?? { accepted: [], refused: [] };
    this.#progress.set(entry.id, progress);
    const settled = new Set([...progress.accepted, ...progress.refused.map((one) => one.to)]);
    const outstanding = to.filter((address) => !settled.has(address));
    let later = '';
    if (outstanding.length > 0) {
      try {
        const { id, subject, text } = entry;
        const receipt = await mailer.send({ id, from, to: outstanding, subject, text });
        progress.accepted.push(...receipt.accepted);
        progress.refused.push(...receipt.refused.filter((one) => one.permanent));
        later = receipt.refused
          .filter((one) => !one.permanent)
          .map((one) => `${one.to}: ${one.message}`)
          .join('; ');
        this.#serverWorks();
      } catch (error) {
        return this.#refused(entry, error);
      }
    }
    if (later !== '') {
      this.#failed.add(1, { code: 'HS_MAIL_REFUSED' });
      await outbox.failed(entry.id, later, backoffMs(entry.attempts, mostEntryBackoffMs));
      return;
    }
    await this.#settle(entry, progress);
  }

  /** Every recipient has the mail or never gets it. */
  async #settle(entry: OutboxEntry, { accepted, refused }: Progress): Promise<void> {
    const { emit, log, outbox, watch } = this.#parts;
    const reasons = refused.map((one) => `${one.to}: ${one.message}`).join('; ');
    if (accepted.length === 0) await this.#giveUp(entry, reasons);
    else {
      const grant = watch.open();
      // The next active finds it due and sends it again, with the same Message-ID.
      if (!grant) return;
      await outbox.sent({ epoch: grant.epoch, incarnation: grant.incarnation }, entry.id);
      this.#sent.add();
      this.#lastSent = entry.subject;
      log.info('an alert was sent', { alert: entry.id, to: accepted, subject: entry.subject });
      const { id: alert, kind, subject } = entry;
      void emit('mail.sent', { alert, kind, to: accepted, subject }, { id: `sent.${alert}`, epoch: grant.epoch });
      if (refused.length > 0) this.#tellFailed(entry.id, reasons);
    }
    this.#progress.delete(entry.id);
  }

  async #refused(entry: OutboxEntry, error: unknown): Promise<void> {
    const { clock, outbox } = this.#parts;
    const fault = faultOf(error, 'HS_MAIL_UNREACHABLE');
    this.#failed.add(1, { code: fault.code });
    const ofThisMail = fault.code === 'HS_MAIL_REFUSED';
    if (error instanceof MailError && error.permanent) return this.#giveUp(entry, fault.message);
    const delayMs = ofThisMail
      ? backoffMs(entry.attempts, mostEntryBackoffMs)
      : backoffMs(this.#serverFailures++, mostServerBackoffMs);
    if (!ofThisMail) {
      // It is the server: the other mails wait with this one.
      this.#notBeforeMs = clock.monotonicMs() + delayMs;
      this.#tell(fault, entry.id);
    }
    await outbox.failed(entry.id, `${fault.code}: ${fault.message}`, delayMs);
  }

  async #giveUp(entry: OutboxEntry, reason: string): Promise<void> {
    await this.#parts.outbox.failed(entry.id, `HS_MAIL_REFUSED: ${reason}`, null);
    this.#progress.delete(entry.id);
    this.#tellFailed(entry.id, reason);
  }

  #tellFailed(alert: string, message: string): void {
    const { emit, log } = this.#parts;
    const [, cure] = errorCodes.HS_MAIL_REFUSED;
    log.error('an alert was refused for good', { alert, code: 'HS_MAIL_REFUSED', reason: message });
    void emit('mail.failed', { alert, code: 'HS_MAIL_REFUSED', message, cure }, { id: `failed.${alert}` });
  }

  #outboxWorks(): void {
    if (this.#fault && !this.#fault.code.startsWith('HS_MAIL')) this.#fault = null;
  }

  #serverWorks(): void {
    this.#serverFailures = 0;
    this.#notBeforeMs = -Infinity;
    if (this.#fault?.code.startsWith('HS_MAIL')) {
      this.#parts.log.info('the SMTP server works again');
      this.#fault = null;
    }
  }

  /** Once a fault, not once an attempt. */
  #tell(fault: Fault, alert: string | null): void {
    const { emit, log } = this.#parts;
    const before = this.#fault?.code;
    this.#fault = fault;
    if (before === fault.code) return;
    log.warn('alerts wait in the outbox', { ...fault });
    if (alert !== null) void emit('mail.failed', { alert, ...fault });
  }
}
