import type { Emit } from '@hotstandby/contracts';
import type { Clock, Datagram, Listening, ListenRequest, Logger, Received, Receiver } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';

interface Parts {
  receiver: Receiver;
  /** Of syslog over TCP and TLS; without it there is none. */
  streams?: Pick<Receiver, 'listen'>;
  clock: Clock;
  log: Logger;
  emit: Emit;
  limits: Pick<CollectorLimits, 'retry'>;
}

/** How a port is doing: listening, or why not. */
export interface PortState {
  kind: string;
  transport: 'udp' | 'tcp' | 'tls';
  address: string;
  port: number;
  receiveBufferBytes: number | null;
  fault: string | null;
  /** Of TCP and TLS. */
  connections?: number;
}

/** The socket that something came to, for what is answered. */
export interface Via {
  answer(datagram: Datagram, bytes: Uint8Array): void;
}

type OnReceived = (received: Received, via: Via) => void;

/** A port on an address that comes and goes is tried again so often: a sender waits for its answer there. */
const transientRetryMs = 250;

interface Port {
  state: PortState;
  isTransient: boolean;
  open: Listening | null;
}

/** A port that cannot be had is tried again for ever; the first time and every new reason are told. */
export class Listeners {
  readonly #parts: Parts;
  #abort = new AbortController();
  #ports: Port[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when each port was tried once. */
  async start(requests: ListenRequest[], onReceived: OnReceived): Promise<void> {
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    await Promise.all(requests.map((request) => this.#hold(request, onReceived)));
  }

  /** Asks senders with connections to these addresses (null: to any) to connect anew, elsewhere; resolves when they have gone. Until `stay`. */
  async leave(addresses: readonly string[] | null): Promise<void> {
    await Promise.all(this.#ports.flatMap(({ open }) => open?.leave?.(addresses) ?? []));
  }

  stay(): void {
    for (const { open } of this.#ports) open?.stay?.();
  }

  /** They may be started again. */
  stop(): void {
    this.#abort.abort();
    for (const port of this.#ports) port.open?.close();
    this.#ports = [];
  }

  states(): PortState[] {
    // An address that comes and goes is somebody else's to tell of.
    const there = this.#ports.filter(({ isTransient, open }) => !isTransient || open !== null);
    return there.map(({ state, open }) => {
      const connections = open?.connections?.();
      return connections === undefined ? state : { ...state, connections };
    });
  }

  #hold(request: ListenRequest, onReceived: OnReceived): Promise<void> {
    const { kind, transport = 'udp', address, port: number } = request;
    const port: Port = {
      state: { kind, transport, address, port: number, receiveBufferBytes: null, fault: null },
      isTransient: request.transient ?? false,
      open: null,
    };
    this.#ports.push(port);
    return new Promise((tried) => void this.#keep(request, onReceived, port, tried));
  }

  async #keep(request: ListenRequest, onReceived: OnReceived, port: Port, tried: () => void): Promise<void> {
    const { clock, limits } = this.#parts;
    const isStream = request.transport === 'tcp' || request.transport === 'tls';
    const receiver = isStream && this.#parts.streams ? this.#parts.streams : this.#parts.receiver;
    const { signal } = this.#abort;
    const backoff = new Backoff({ firstMs: limits.retry.firstMs * 4, maxMs: limits.retry.maxMs });
    const via: Via = {
      answer: ({ sourceAddress: address, sourcePort }, bytes) =>
        port.open?.send?.(bytes, { address, port: sourcePort }),
    };
    while (!signal.aborted) {
      try {
        const lost = Promise.withResolvers<string>();
        const open = await receiver.listen(request, (received) => onReceived(received, via), lost.resolve);
        if (signal.aborted) {
          open.close();
          return;
        }
        port.open = open;
        this.#listening(port.state, open);
        tried();
        backoff.reset();
        const reason = await lost.promise;
        port.open = null;
        this.#failed(port.state, new Error(reason));
      } catch (error) {
        if (!isAbsent(port, error)) this.#failed(port.state, error);
      }
      tried();
      await pause(clock, port.isTransient ? transientRetryMs : backoff.next(), signal);
    }
  }

  #listening(state: PortState, open: Listening): void {
    const { kind, transport, address, port } = state;
    state.fault = null;
    state.receiveBufferBytes = open.receiveBufferBytes;
    this.#parts.log.info('listening', { kind, transport, address, port, receiveBufferBytes: open.receiveBufferBytes });
    void this.#parts.emit('collector.listening', { kind, transport, address, port });
  }

  #failed(state: PortState, error: unknown): void {
    const { code, message, cure } = faultOf(error);
    state.receiveBufferBytes = null;
    const fault = `${code}: ${message}`;
    if (state.fault === fault) return;
    state.fault = fault;
    const { kind, transport, address, port } = state;
    this.#parts.log.error('a port cannot be had; it is tried again', {
      kind,
      transport,
      address,
      port,
      code,
      error: message,
      cure,
    });
    void this.#parts.emit('collector.failed', { code, message, cure });
  }
}

/** Whether it is no fault that the port cannot be had: its address is with the other node. */
function isAbsent({ isTransient }: Port, error: unknown): boolean {
  return isTransient && (error as { code?: string }).code === 'HS_ADDRESS_UNAVAILABLE';
}

function faultOf(error: unknown): { code: string; message: string; cure: string } {
  const { code, message, cure } = error as { code?: string; message?: string; cure?: string };
  return { code: code ?? 'HS_PORT_FAILED', message: message ?? String(error), cure: cure ?? 'It is tried again.' };
}
