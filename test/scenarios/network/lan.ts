// Four machines on one switch, each a network namespace: the nodes a and b, the store, a client. And a cable of its own
// from this process to a, b and the store, outside of the switch, so that what is cut off there can still be looked at.
import type { Addresses } from '../../../tools/pair/src/layout.ts';
import { mark, removeNamespace } from './leftovers.ts';
import { feed, inside, ip, sh } from './programs.ts';

export type Machine = 'a' | 'b' | 'store' | 'client';
export const machines: readonly Machine[] = ['a', 'b', 'store', 'client'];
const hostNumbers: Record<Machine, number> = { a: 11, b: 12, store: 10, client: 50 };
/** In 198.19.N.0/24, a network of four for each: this host has the first address, the machine the second. */
const lookNetworks = { a: 4, b: 8, store: 12 } as const;

export class Lan {
  readonly #number: number;
  readonly #cuts = new Map<string, { from: Machine; to: Machine }>();
  readonly #made: string[] = [];

  private constructor(number: number) {
    this.#number = number;
  }

  /** In a part of the network for benchmarks (RFC 2544) that this host has no route to. */
  static async open(): Promise<Lan> {
    const routes = await ip('-4', 'route', 'show', 'table', 'all');
    const free = Array.from({ length: 256 }, (_, number) => number).filter(
      (number) => !routes.includes(`198.18.${number}.`) && !routes.includes(`198.19.${number}.`),
    );
    const number = free[Math.floor(Math.random() * free.length)];
    if (number === undefined) throw new Error('this host has routes into all of 198.18.0.0/15');
    const lan = new Lan(number);
    try {
      await lan.#lay();
      return lan;
    } catch (error) {
      await lan.close();
      throw error;
    }
  }

  address(machine: Machine): string {
    return `198.18.${this.#number}.${hostNumbers[machine]}`;
  }

  get vip(): string {
    return `198.18.${this.#number}.100`;
  }

  get addresses(): Addresses {
    // The store's machine has two networks: the switch's, and this process's cable.
    const vip = `${this.vip}/24`;
    return { store: this.address('store'), a: this.address('a'), b: this.address('b'), vip, network: 'samenet' };
  }

  namespace(machine: Machine | 'switch'): string {
    return `${mark}-${machine}`;
  }

  async mac(machine: Machine): Promise<string> {
    const text = await ip('-n', this.namespace(machine), '-o', 'link', 'show', 'eth0');
    return /link\/ether (\S+)/.exec(text)?.[1] ?? '';
  }

  /** Frames of `from` do not arrive at `to` any more, ARP included. The carrier stays. */
  cut(from: Machine, to: Machine): void {
    this.#cuts.set(`${from} ${to}`, { from, to });
    this.#enforce();
  }

  mend(from: Machine, to: Machine): void {
    this.#cuts.delete(`${from} ${to}`);
    this.#enforce();
  }

  /** The cable is out of the switch: the machine sees its carrier go. */
  async pull(machine: Machine): Promise<void> {
    await ip('-n', this.namespace('switch'), 'link', 'set', `to-${machine}`, 'down');
  }

  async plug(machine: Machine): Promise<void> {
    await ip('-n', this.namespace('switch'), 'link', 'set', `to-${machine}`, 'up');
  }

  async mendAll(): Promise<void> {
    this.#cuts.clear();
    this.#enforce();
    for (const machine of machines) await this.plug(machine);
  }

  async flushFirewall(machine: Machine): Promise<void> {
    await sh(...inside(this.namespace(machine)), 'nft', 'flush', 'ruleset');
  }

  /** As after a boot: nothing of an earlier life is in the kernel. */
  async forget(machine: Machine): Promise<void> {
    await ip('-n', this.namespace(machine), 'addr', 'del', `${this.vip}/32`, 'dev', 'eth0').catch(() => {});
    await this.flushFirewall(machine);
  }

  async close(): Promise<void> {
    for (const namespace of this.#made.splice(0)) await removeNamespace(namespace);
  }

  #enforce(): void {
    const rules = [...this.#cuts.values()].map(
      ({ from, to }) => `add rule bridge cuts forwarded iifname "to-${from}" oifname "to-${to}" drop`,
    );
    const text = ['flush chain bridge cuts forwarded', ...rules].join('\n');
    feed(`${text}\n`, ...inside(this.namespace('switch')), 'nft', '-f', '-');
  }

  async #lay(): Promise<void> {
    for (const machine of [...machines, 'switch' as const]) {
      const namespace = this.namespace(machine);
      await ip('netns', 'add', namespace);
      this.#made.push(namespace);
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    const onSwitch = (...args: string[]) => ip('-n', this.namespace('switch'), ...args);
    await onSwitch('link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0');
    await onSwitch('link', 'set', 'br0', 'up');
    // Where it is 1 in a new namespace, the host's iptables rules would see what crosses the bridge.
    const noFilter = 'echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || true';
    await sh(...inside(this.namespace('switch')), 'sh', '-c', noFilter);
    for (const machine of machines) {
      const space = this.namespace(machine);
      const port = `to-${machine}`;
      const ends = ['type', 'veth', 'peer', 'name', port, 'netns', this.namespace('switch')];
      await ip('-n', space, 'link', 'add', 'eth0', ...ends);
      await onSwitch('link', 'set', 'dev', port, 'master', 'br0', 'up');
      await ip('-n', space, 'addr', 'add', `${this.address(machine)}/24`, 'dev', 'eth0');
      await ip('-n', space, 'link', 'set', 'eth0', 'up');
    }
    for (const machine of ['a', 'b', 'store'] as const) await this.#layLookCable(machine);
    const chain = 'add chain bridge cuts forwarded { type filter hook forward priority 0; }';
    feed(`add table bridge cuts\n${chain}\n`, ...inside(this.namespace('switch')), 'nft', '-f', '-');
  }

  async #layLookCable(machine: 'a' | 'b' | 'store'): Promise<void> {
    const space = this.namespace(machine);
    const name = `hx${this.#number}${machine}`;
    const [here, there] = [1, 2].map((end) => `198.19.${this.#number}.${lookNetworks[machine] + end}`);
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'look', 'netns', space);
    await ip('addr', 'add', `${here}/30`, 'dev', name);
    await ip('link', 'set', name, 'up');
    await ip('-n', space, 'addr', 'add', `${there}/30`, 'dev', 'look');
    await ip('-n', space, 'link', 'set', 'look', 'up');
    await ip('route', 'add', `${this.address(machine)}/32`, 'dev', name, 'via', `${there}`, 'src', `${here}`);
  }
}
