/** Chance as an argument. */
export interface Ids {
  /** A random version 4 UUID (RFC 9562 section 5.4). */
  uuid(): string;
}
