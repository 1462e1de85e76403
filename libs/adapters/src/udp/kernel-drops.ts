import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Drops of each socket by inode, from the text of `/proc/net/udp` or `udp6`: the last column, counted by the kernel when
 * a receive buffer was full or a checksum wrong.
 */
export function parseDrops(procNetUdp: string): Map<string, number> {
  const drops = new Map<string, number>();
  for (const line of procNetUdp.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[9];
    const count = Number(columns[12]);
    if (inode !== undefined && Number.isSafeInteger(count)) drops.set(inode, count);
  }
  return drops;
}

/**
 * Datagrams that the kernel dropped in this process's UDP sockets, closed ones included as far as they were seen.
 * Replicas share ports, so sockets are told apart by inode. Counts nothing where there is no `/proc`.
 */
export class KernelDrops {
  readonly #seen = new Map<string, number>();

  async total(): Promise<number> {
    const own = await ownSockets();
    if (own.size > 0) {
      for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
        const text = await readFile(file, 'latin1').catch(() => '');
        for (const [inode, count] of parseDrops(text)) if (own.has(inode)) this.#seen.set(inode, count);
      }
    }
    let total = 0;
    for (const count of this.#seen.values()) total += count;
    return total;
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
