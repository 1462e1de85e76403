import { createSocket } from 'node:dgram';

export interface UdpSender {
  /** Resolves when the kernel has taken it. */
  send(payload: string | Uint8Array, address: string, port: number): Promise<void>;
  port(): number;
  close(): void;
}

/** A socket of one device. */
export async function udpSender(address = '127.0.0.1'): Promise<UdpSender> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, address, () => resolve()));
  // Somebody not listening just now is no fault of the sender.
  socket.removeAllListeners('error').on('error', () => {});
  return {
    send: (payload, to, port) =>
      new Promise((resolve, reject) => socket.send(payload, port, to, (error) => (error ? reject(error) : resolve()))),
    port: () => socket.address().port,
    close: () => socket.close(),
  };
}

/** A UDP port that is free right now on this address. */
export async function freeUdpPort(address: string): Promise<number> {
  const sender = await udpSender(address);
  const port = sender.port();
  sender.close();
  return port;
}
