import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTool, runTool } from './tools.ts';

const toolTimeoutMs = 1000;
const lookEveryMs = 100;
const looks = 8;
/** RFC 863: whoever gets a datagram there throws it away. */
const discardPort = 9;

/**
 * The MAC under which an IPv6 neighbour answers for `address`, found by the kernel's own neighbour discovery (RFC 4861
 * section 7.2), which a packet sets off; null: nobody answered.
 */
export async function neighbourOf(name: string, address: string): Promise<string | null> {
  const ip = await findTool('ip');
  if (!ip) return null;
  // What was known before may be old.
  await runTool(ip, ['-6', 'neigh', 'del', address, 'dev', name], toolTimeoutMs);
  await setOff(`${address}%${name}`, address);
  for (let look = 0; look < looks; look++) {
    await sleep(lookEveryMs);
    const { stdout } = await runTool(ip, ['-6', 'neigh', 'show', address, 'dev', name], toolTimeoutMs);
    const mac = /lladdr (\S+)/.exec(stdout)?.[1];
    if (mac) return mac;
    if (stdout.includes('FAILED')) return null;
  }
  return null;
}

function setOff(scoped: string, address: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = createSocket('udp6');
    const end = () => socket.close(() => resolve());
    socket.once('error', end);
    socket.send('', discardPort, address.startsWith('fe80:') ? scoped : address, end);
  });
}
