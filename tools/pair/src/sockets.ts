import { createSocket } from 'node:dgram';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { CodedError } from '@hotstandby/contracts';
import { markName } from './leftovers.ts';

export interface WantedSocket {
  what: string;
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
}

const givenBackWithinMs = 1000;

/** Throws `HS_PORT_IN_USE` (or `HS_ADDRESS_UNAVAILABLE`, `HS_PORT_FORBIDDEN`) for what cannot be had, all of it in one message. */
export async function checkSockets(wanted: WantedSocket[]): Promise<void> {
  const tryAll = () => Promise.all(wanted.map(async (socket) => ({ socket, code: await tryBind(socket) })));
  let faults = await tryAll();
  // What has just been ended gives its ports back a moment later.
  const deadline = performance.now() + givenBackWithinMs;
  while (faults.some((fault) => fault.code === 'EADDRINUSE') && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    faults = await tryAll();
  }
  const of = (code: string) => faults.filter((fault) => fault.code === code).map((fault) => fault.socket);
  const taken = of('EADDRINUSE');
  if (taken.length > 0) {
    const lines = taken.map((socket) => `  ${describe(socket)}${ownerText(socket)}`).join('\n');
    throw new CodedError('HS_PORT_IN_USE', `Ports that the pair needs are in use:\n${lines}`, {
      cure: 'Stop the other program, or give the pair other addresses: --net 127.20.0',
    });
  }
  const absent = of('EADDRNOTAVAIL');
  if (absent[0]) throw new CodedError('HS_ADDRESS_UNAVAILABLE', `This machine has no address ${absent[0].address}.`);
  const forbidden = of('EACCES');
  if (forbidden[0])
    throw new CodedError('HS_PORT_FORBIDDEN', `${describe(forbidden[0])} may not be opened by this user.`);
}

const describe = (socket: WantedSocket) => `${socket.protocol} ${socket.address}:${socket.port} (${socket.what})`;

/** The system's code when it cannot be opened, else null. */
function tryBind({ protocol, address, port }: WantedSocket): Promise<string | null> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    if (protocol === 'udp') {
      const socket = createSocket('udp4');
      socket.once('error', (error) => {
        socket.close();
        failed(error);
      });
      socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(null)));
    } else {
      const server = createServer();
      server.once('error', failed);
      server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(null)));
    }
  });
}

/** Who has it, as far as /proc lets this user see. */
function ownerText(socket: WantedSocket): string {
  const pid = ownerOf(socket);
  if (pid === null) return '';
  const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 100);
  const pair = readText(`/proc/${pid}/environ`)
    .split('\0')
    .find((entry) => entry.startsWith(`${markName}=`));
  return `: process ${pid}, ${pair ? `of the pair with the data in ${pair.slice(markName.length + 1)}` : command}`;
}

function ownerOf({ protocol, address, port }: WantedSocket): number | null {
  const local = `${hexAddress(address)}:${hexPort(port)}`;
  const anyLocal = `00000000:${hexPort(port)}`;
  const inodes = new Set(
    readText(`/proc/net/${protocol}`)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1] === local || fields[1] === anyLocal)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        if (inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))) return Number(pid);
      }
    } catch {
      // Somebody else's process, or it has ended meanwhile.
    }
  }
  return null;
}

/** As /proc/net shows an IPv4 address: the four bytes in host order (little-endian wherever Node runs on Linux here). */
const hexAddress = (address: string) =>
  address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
    .join('');
const hexPort = (port: number) => port.toString(16).padStart(4, '0').toUpperCase();

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
