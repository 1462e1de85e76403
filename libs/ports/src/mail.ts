export interface Mail {
  /** Becomes the Message-ID, so that a mail sent twice is seen as one. */
  id: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
}

export type MailFaultCode =
  'HS_MAIL_UNREACHABLE' | 'HS_MAIL_TLS' | 'HS_MAIL_AUTH' | 'HS_MAIL_PASSWORD' | 'HS_MAIL_REFUSED';

/** The mail as a whole was not taken. */
export class MailError extends Error {
  readonly code: MailFaultCode;
  /** Trying again is no use: the server refuses this mail (RFC 5321 section 4.2.1, 5yz), not this moment. */
  readonly permanent: boolean;
  constructor(code: MailFaultCode, message: string, permanent: boolean, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MailError';
    this.code = code;
    this.permanent = permanent;
  }
}

/** For whom the server took the mail and for whom not. */
export interface MailReceipt {
  accepted: string[];
  refused: { to: string; message: string; permanent: boolean }[];
}

export interface Mailer {
  /** Resolves when the SMTP server has said for each recipient whether it takes the mail. Throws `MailError`. */
  send(mail: Mail): Promise<MailReceipt>;
  /** Connects, authenticates, sends nothing. Throws `MailError`. */
  verify(): Promise<void>;
}

export interface OutboxEntry {
  /** Of the alert, derived from the event: the same alert raised on both nodes is one. */
  id: string;
  kind: string;
  subject: string;
  text: string;
  createdAt: string;
  attempts: number;
}

/**
 * Alerts to be sent, in the store, so that an alert outlives the node that raised it. Writes that take a guard are
 * refused (thrown) when its reign is over. Entries that were sent or given up are kept for a while: they make `add` of
 * the same alert a no-op.
 */
export interface Outbox {
  prepare(): Promise<void>;
  /** False: it is there already, in whatever state. */
  add(guard: { epoch: number; incarnation: string }, entry: Omit<OutboxEntry, 'attempts'>): Promise<boolean>;
  /** Neither sent nor given up, and not to be tried later only; oldest first. */
  due(limit: number): Promise<OutboxEntry[]>;
  sent(guard: { epoch: number; incarnation: string }, id: string): Promise<void>;
  /** An attempt failed: due again after `retryAfterMs`; null: given up, kept for people. */
  failed(id: string, reason: string, retryAfterMs: number | null): Promise<void>;
  close(): Promise<void>;
}
