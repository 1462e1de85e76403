import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { type NodeName, ports } from '../layout.ts';
import type { Pair } from '../pair.ts';
import { pause } from '../waiting.ts';
import type { KernelCounts, KernelLook } from './account.ts';

const everyMs = 50;
const telemetryPorts = new Set<number>([ports.syslog, ports.trap, ports.flow, ports.ipfix]);

/** Where a node's kernel is seen. */
export interface NodeNetwork {
  /** `/proc/PID/net`, or `/proc/self/net`. */
  folder: string;
  /** The node's own among others on the same network; null: the network is the node's alone. */
  address: string | null;
}

/** Open files go on telling when every process of the network is dead. */
interface Files extends NodeNetwork {
  snmp: number;
  udp: number;
  /** By inode: what a socket had dropped when it was seen last. */
  drops: Map<string, number>;
}

/** With a virtual IP each node has a network of its own; on loopback the sockets' drops alone can be told apart. */
export function networksOf({ layout, supervisor }: Pair): Record<NodeName, NodeNetwork> {
  const { addresses } = layout;
  const networkOf = (node: NodeName): NodeNetwork => {
    if (addresses.vip === null) return { folder: '/proc/self/net', address: addresses[node] };
    const pid = supervisor.parts(node).find((part) => part.pid !== null)?.pid;
    return { folder: `/proc/${pid}/net`, address: null };
  };
  return { a: networkOf('a'), b: networkOf('b') };
}

/** What the kernels say of datagrams that no socket got, looked at again and again: evidence that is the judge's own. */
export class KernelLooks {
  readonly #files: Record<NodeName, Files>;
  readonly #buffer = Buffer.alloc(1 << 20);
  #looks: KernelLook[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(networks: Record<NodeName, NodeNetwork>) {
    this.#files = { a: opened(networks.a), b: opened(networks.b) };
  }

  begin(): void {
    this.#looks = [];
    this.#look();
    this.#timer ??= setInterval(() => this.#look(), everyMs);
  }

  /** After two looks more, by which the ones before are judged. */
  async end(): Promise<KernelLook[]> {
    this.#stop();
    for (let more = 0; more < 2; more++) {
      await pause(everyMs);
      this.#look();
    }
    return this.#looks;
  }

  close(): void {
    this.#stop();
    for (const { snmp, udp } of Object.values(this.#files)) {
      closeSync(snmp);
      closeSync(udp);
    }
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const fromMs = Date.now();
    const nodes = { a: this.#countsOf('a'), b: this.#countsOf('b') };
    this.#looks.push({ fromMs, nodes, backlogged: backlogged(), toMs: Date.now() });
  }

  #countsOf(node: NodeName): KernelCounts {
    const { snmp, udp, address, drops } = this.#files[node];
    noteDrops(this.#read(udp), address, drops);
    const overflowed = [...drops.values()].reduce((sum, count) => sum + count, 0);
    if (address !== null) return { refused: 0, unheard: 0, overflowed };
    const text = this.#read(snmp);
    const ip = snmpCounts(text, 'Ip');
    const refused = (ip.get('InReceives') ?? 0) - (ip.get('InDelivers') ?? 0);
    return { refused, unheard: snmpCounts(text, 'Udp').get('NoPorts') ?? 0, overflowed };
  }

  /** From the beginning: the kernel writes it anew at each reading. */
  #read(file: number): string {
    let length = 0;
    for (;;) {
      const more = readSync(file, this.#buffer, length, this.#buffer.length - length, length);
      if (more === 0) return this.#buffer.toString('latin1', 0, length);
      length += more;
    }
  }
}

function opened(network: NodeNetwork): Files {
  const { folder } = network;
  return { ...network, snmp: openSync(`${folder}/snmp`, 'r'), udp: openSync(`${folder}/udp`, 'r'), drops: new Map() };
}

function noteDrops(table: string, address: string | null, drops: Map<string, number>): void {
  const own = address === null ? null : hexAddress(address);
  for (const line of table.split('\n').slice(1)) {
    const words = line.trim().split(/\s+/);
    const [where, port = ''] = (words[1] ?? '').split(':');
    if (!telemetryPorts.has(Number.parseInt(port, 16))) continue;
    if (own === null || where === own) drops.set(words[9] ?? '', Number(words[12]));
  }
}

/** A line of names and a line of numbers for each protocol. */
function snmpCounts(text: string, protocol: string): Map<string, number> {
  const [names = [], numbers = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' ').slice(1));
  return new Map(names.map((name, index) => [name, Number(numbers[index])]));
}

/** As the kernel writes an IPv4 address in `/proc/net/udp`: its octets as one number of this host. */
const hexAddress = (address: string): string =>
  address
    .split('.')
    .toReversed()
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();

/** Packets that found the queue of their processor full, before any network saw them. */
function backlogged(): number {
  const lines = readFileSync('/proc/net/softnet_stat', 'latin1').trim().split('\n');
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[1] ?? '0', 16), 0);
}
