/**
 * The small connection between the two heartbeats that nothing else uses, so that a promise never queues behind bulk.
 * Mutually authenticated; makes itself again for ever. Payloads are JSON values of a few hundred bytes.
 */
export interface PeerLink {
  /** Begins to listen or to connect; `answer` answers what the peer asks. */
  open(answer: (request: unknown) => Promise<unknown>): void;
  /** Rejects when there is no connection, or no answer within `timeoutMs`. */
  ask(request: unknown, timeoutMs: number): Promise<unknown>;
  connected(): boolean;
  close(): Promise<void>;
}
