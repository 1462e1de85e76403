import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';

/**
 * Stands before a DNS server: passes questions (UDP) and their answers on, and requests over TCP, whose answers it cuts off.
 * So the server does what it is asked, and who asked never hears of it.
 */
export async function startAnswerCutter(
  port: number,
  server: number,
): Promise<{ cut(): number; stop(): Promise<void> }> {
  let cut = 0;
  const open = new Set<Socket>();
  const front = createSocket('udp4');
  const relays = new Set<ReturnType<typeof createSocket>>();
  front.on('message', (question, from) => {
    const relay = createSocket('udp4');
    relays.add(relay);
    relay.once('message', (answer) => {
      front.send(answer, from.port, from.address);
      relays.delete(relay);
      relay.close();
    });
    relay.send(question, server, '127.0.0.1');
  });
  await new Promise<void>((resolve) => front.bind(port, '127.0.0.1', resolve));
  const tcp = createServer((client) => {
    const to = connect(server, '127.0.0.1');
    for (const one of [client, to]) {
      open.add(one);
      one.on('error', () => {}).once('close', () => open.delete(one));
    }
    client.on('data', (chunk) => to.write(chunk));
    to.once('data', () => {
      cut++;
      client.destroy();
      to.destroy();
    });
  });
  await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
  return {
    cut: () => cut,
    stop: async () => {
      for (const one of open) one.destroy();
      for (const relay of relays) relay.close();
      front.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}
