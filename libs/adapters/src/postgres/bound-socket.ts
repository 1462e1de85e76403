import { isIP, Socket } from 'node:net';

/** A socket that leaves from a given address of this host, for a client that only says where to connect. */
export class BoundSocket extends Socket {
  readonly #localAddress: string | undefined;

  constructor(localAddress: string | undefined) {
    super();
    this.#localAddress = localAddress;
  }

  // The client calls `connect(port, host)`; every other form is passed on as it is.
  override connect(...given: unknown[]): this {
    const [port, host] = given;
    const localAddress = this.#localAddress;
    if (typeof port === 'number' && typeof host === 'string' && localAddress !== undefined) {
      const family = isIP(localAddress);
      // A store of the other address family cannot be reached from this address; the route decides then.
      if (isIP(host) === 0 || isIP(host) === family) return super.connect({ port, host, localAddress, family });
    }
    return super.connect(...(given as [path: string]));
  }
}
