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

interface Port {
  state: PortState;
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
  async start(requests: ListenRequest[], onReceived: (received: Received) => void): Promise<void> {
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    await Promise.all(requests.map((request) => this.#hold(request, onReceived)));
  }

  /** They may be started again. */
  stop(): void {
    this.#abort.abort();
    for (const port of this.#ports) port.open?.close();
    this.#ports = [];
  }

  /** Answers a datagram from the socket that it came to. */
  answer({ kind, localPort, sourceAddress, sourcePort }: Datagram, bytes: Uint8Array): void {
    const port = this.#ports.find(
      ({ state }) => state.kind === kind && state.port === localPort && state.transport === 'udp',
    );
    port?.open?.send?.(bytes, { address: sourceAddress, port: sourcePort });
  }

  states(): PortState[] {
    return this.#ports.map(({ state, open }) => {
      const connections = open?.connections?.();
      return connections === undefined ? state : { ...state, connections };
    });
  }

  #hold(request: ListenRequest, onReceived: (received: Received) => void): Promise<void> {
    const { kind, transport = 'udp', address, port: number } = request;
    const port: Port = {
      state: { kind, transport, address, port: number, receiveBufferBytes: null, fault: null },
      open: null,
    };
    this.#ports.push(port);
    return new Promise((tried) => void this.#keep(request, onReceived, port, tried));
  }

  async #keep(
    request: ListenRequest,
    onReceived: (received: Received) => void,
    port: Port,
    tried: () => void,
  ): Promise<void> {
    const { clock, limits } = this.#parts;
    const isStream = request.transport === 'tcp' || request.transport === 'tls';
    const receiver = isStream && this.#parts.streams ? this.#parts.streams : this.#parts.receiver;
    const { signal } = this.#abort;
    const backoff = new Backoff({ firstMs: limits.retry.firstMs * 4, maxMs: limits.retry.maxMs });
    while (!signal.aborted) {
      try {
        const lost = Promise.withResolvers<string>();
        const open = await receiver.listen(request, onReceived, lost.resolve);
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
        this.#failed(port.state, error);
      }
      tried();
      await pause(clock, backoff.next(), signal);
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

function faultOf(error: unknown): { code: string; message: string; cure: string } {
  const { code, message, cure } = error as { code?: string; message?: string; cure?: string };
  return { code: code ?? 'HS_PORT_FAILED', message: message ?? String(error), cure: cure ?? 'It is tried again.' };
}
