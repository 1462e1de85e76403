import { readdir, readFile, readlink } from 'node:fs/promises';

/** What the kernel says of a socket. */
export interface KernelSocket {
  /** Datagrams dropped because the receive buffer was full or a checksum wrong. */
  drops: number;
  /** Received and not yet read, with the kernel's own overhead. */
  unreadBytes: number;
}

/** Sockets by inode, from the text of `/proc/net/udp` or `udp6`. */
export function parseSockets(procNetUdp: string): Map<string, KernelSocket> {
  const sockets = new Map<string, KernelSocket>();
  for (const line of procNetUdp.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[9];
    const drops = Number(columns[12]);
    const unreadBytes = Number.parseInt(columns[4]?.split(':')[1] ?? '', 16);
    if (inode !== undefined && Number.isSafeInteger(drops) && Number.isSafeInteger(unreadBytes))
      sockets.set(inode, { drops, unreadBytes });
  }
  return sockets;
}

/**
 * This process's UDP sockets as the kernel sees them. Replicas share ports, so sockets are told apart by inode. Knows
 * nothing where there is no `/proc`.
 */
export class KernelSockets {
  readonly #drops = new Map<string, number>();

  /** Datagrams dropped since start, by sockets that are closed now as far as they were seen. */
  async drops(): Promise<number> {
    await this.#look();
    let total = 0;
    for (const count of this.#drops.values()) total += count;
    return total;
  }

  async unreadBytes(): Promise<number> {
    let total = 0;
    for (const socket of await this.#look()) total += socket.unreadBytes;
    return total;
  }

  async #look(): Promise<KernelSocket[]> {
    const own = await ownSockets();
    const found: KernelSocket[] = [];
    if (own.size === 0) return found;
    for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
      const text = await readFile(file, 'latin1').catch(() => '');
      for (const [inode, socket] of parseSockets(text)) {
        if (!own.has(inode)) continue;
        found.push(socket);
        this.#drops.set(inode, socket.drops);
      }
    }
    return found;
  }
}

async function ownSockets(): Promise<Set<string>> {
  const inodes = new Set<string>();
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  for (const link of links) {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}
