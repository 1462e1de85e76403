import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A TCP port that is free right now on this address. */
export async function freeTcpPort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
