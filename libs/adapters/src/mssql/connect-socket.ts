import { lookup } from 'node:dns/promises';
import { isIP, Socket } from 'node:net';
import { GuardedSocket } from './guarded-socket.ts';

export interface SocketRequest {
  host: string;
  port: number;
  /** The host's own address that the connection comes from. */
  bindAddress: string | undefined;
  /** False only where the configuration says that there is no TLS. */
  guarded: boolean;
  /** Told of every socket that is made, so that whoever gives up can end it. */
  onSocket: (socket: Socket) => void;
}

/** How long one of several addresses of a name (an availability group's listener has one a subnet) may keep us. */
const eachAddressMs = 1000;

/** Connects to the first address of the host that answers. Rejects with the error of the last. */
export async function connectSocket(request: SocketRequest): Promise<Socket> {
  const { host, bindAddress } = request;
  const family = bindAddress === undefined ? 0 : isIP(bindAddress);
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true, family }) : [{ address: host }];
  let failure: unknown = new Error(`${host} has no address`);
  for (const [index, { address }] of addresses.entries()) {
    try {
      return await connectTo(address, request, index + 1 < addresses.length ? eachAddressMs : null);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function connectTo(host: string, request: SocketRequest, withinMs: number | null): Promise<Socket> {
  const socket = request.guarded ? new GuardedSocket() : new Socket();
  // Whoever waits is told by the driver; an error that nobody listens to would end the process.
  socket.on('error', () => {});
  request.onSocket(socket);
  const { port, bindAddress } = request;
  // A store of the other address family cannot be reached from this address; the route decides then.
  const own = bindAddress !== undefined && isIP(bindAddress) === isIP(host) ? { localAddress: bindAddress } : {};
  return new Promise((resolve, reject) => {
    const timer =
      withinMs === null
        ? undefined
        : setTimeout(() => socket.destroy(new Error(`no connection to ${host} within ${withinMs} ms`)), withinMs);
    const settle = () => clearTimeout(timer);
    socket.once('connect', () => {
      settle();
      socket.off('error', reject);
      socket.off('close', closed);
      socket.setNoDelay(true);
      resolve(socket);
    });
    const closed = () => {
      settle();
      reject(new Error(`the connection to ${host} was closed`));
    };
    socket.once('error', reject);
    socket.once('close', closed);
    socket.connect({ host, port, ...own });
  });
}
