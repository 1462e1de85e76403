// A socket for a network namespace: ADDRESS [PORT]. Says its port on a line, then of each datagram where it came from and what is in it.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** A line of it. */
export interface Heard {
  from: string;
  port: number;
  /** In hex. */
  head: string;
  octets: number;
}

const [address = '', port = '0'] = process.argv.slice(2);
const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 * 1024 });
socket.on('message', (bytes, from) => {
  const heard: Heard = {
    from: from.address,
    port: from.port,
    head: bytes.subarray(0, 13).toString('hex'),
    octets: bytes.length,
  };
  console.log(JSON.stringify(heard));
});
socket.bind(Number(port), address, () => console.log(socket.address().port));
