export interface Mail {
  /** Becomes the Message-ID, so that a mail sent twice is seen as one. */
  id: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
}

export interface Mailer {
  /** Resolves when the SMTP server has taken it. Throws with an `HS_MAIL_...` code; `permanent` when trying again is no use. */
  send(mail: Mail): Promise<void>;
  /** Connects, authenticates, sends nothing. */
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

/** Alerts to be sent, in the store, so that an alert outlives the node that raised it. Writes are under the guard's check. */
export interface Outbox {
  prepare(): Promise<void>;
  /** False: it is there already. */
  add(guard: { epoch: number; incarnation: string }, entry: Omit<OutboxEntry, 'attempts'>): Promise<boolean>;
  due(limit: number): Promise<OutboxEntry[]>;
  sent(guard: { epoch: number; incarnation: string }, id: string): Promise<void>;
  failed(id: string, reason: string, retryAfterMs: number | null): Promise<void>;
  close(): Promise<void>;
}
