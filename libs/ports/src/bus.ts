export type Unsubscribe = () => void;

/** Why a request got no answer. `remote`: the other side answered with an error of its own. */
export type BusFault = 'no-responders' | 'timeout' | 'disconnected' | 'remote';

export class BusError extends Error {
  readonly fault: BusFault;
  /** The `HS_...` code that the other side gave, if it gave one. */
  readonly code: string | undefined;
  constructor(fault: BusFault, message: string, code?: string) {
    super(message);
    this.name = 'BusError';
    this.fault = fault;
    this.code = code;
  }
}

/**
 * Messages between services on the node's own NATS server, at most once: whoever is not listening misses them.
 * Payloads are plain JSON values; the receiver validates them (`contracts`).
 */
export interface Bus {
  /** Fire and forget. While the bus is away the message is dropped: everything on it is soon said again or asked for. */
  publish(subject: string, payload: unknown): void;
  /** `handler` must not throw; a subject may hold the wildcards of NATS (`*`, `>`). */
  subscribe(subject: string, handler: (payload: unknown, subject: string) => void): Unsubscribe;
  /** Throws `BusError`. */
  request(subject: string, payload: unknown, timeoutMs: number): Promise<unknown>;
  /** Answers requests; what `handler` throws reaches the caller as `BusError('remote')`, with its `code`. */
  respond(subject: string, handler: (payload: unknown) => unknown | Promise<unknown>): Unsubscribe;
  connected(): boolean;
  onStatus(listener: (connected: boolean) => void): Unsubscribe;
}
