export type LogFields = Record<string, unknown>;

/** Structured log: a sentence for people, fields for machines. Secrets never go in either. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
