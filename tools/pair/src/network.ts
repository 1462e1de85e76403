import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { CodedError } from '@hotstandby/contracts';
import { type Addresses, loopbackAddresses } from './layout.ts';
import { markName } from './leftovers.ts';
import type { Prefix } from './node-parts.ts';
import { overlaps } from './ranges.ts';

const run = promisify(execFile);

/** The network that a pair runs on: loopback, or namespaces made for it. */
export interface Network {
  addresses: Addresses;
  /** Put in front of a program to start it on that network. */
  prefixes: { a: Prefix; b: Prefix; store: Prefix };
  /** Makes it; what an earlier run left is removed first. */
  open(): Promise<void>;
  /** Nothing of it is left. */
  close(): Promise<void>;
}

export function loopback(net: string): Network {
  return {
    addresses: loopbackAddresses(net),
    prefixes: { a: [], b: [], store: [] },
    // Namespaces of an earlier run that was killed are nobody's any more.
    open: () => (existsSync(`/run/netns/${switchName}`) ? clearNamespaces().catch(() => {}) : Promise.resolve()),
    close: () => Promise.resolve(),
  };
}

// Documentation ranges of RFC 5737: nobody's real network.
const ranges = ['203.0.113', '198.51.100', '192.0.2'];
const members = ['a', 'b', 'store'] as const;
const switchName = 'hs-switch';
const spaces = [switchName, ...members.map((name) => `hs-${name}`)];
/** This host's end of the cable into the switch. */
const hostLink = 'hs-host';

/**
 * Three namespaces (node a, node b, the store) on a bridge in a fourth, and a cable from there to this host, so that the
 * virtual IP can be reached from here. Throws `HS_ADDRESS_UNAVAILABLE` when every documentation range is in use.
 */
export async function namespaces(): Promise<Network> {
  const net = await freeRange();
  const addresses: Addresses = {
    store: `${net}.10`,
    a: `${net}.11`,
    b: `${net}.12`,
    vip: `${net}.100/24`,
    network: `${net}.0/24`,
  };
  const enter = (name: string): Prefix => ['nsenter', `--net=/run/netns/hs-${name}`, '--'];
  let made = false;
  return {
    addresses,
    prefixes: { a: enter('a'), b: enter('b'), store: enter('store') },
    async open() {
      await clearNamespaces();
      made = true;
      try {
        await lay(net, addresses);
      } catch (error) {
        await remove();
        const why = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
        throw new CodedError('HS_BINDING_PERMISSION', `The network namespaces cannot be made: ${why}`, {
          cause: error,
          cure: 'Run as root, or on a kernel that gives users namespaces of their own; without --vip neither is needed.',
        });
      }
    },
    // Another pair's are left alone.
    close: () => (made ? remove() : Promise.resolve()),
  };
}

async function lay(net: string, addresses: Addresses): Promise<void> {
  for (const space of spaces) {
    await ip('netns', 'add', space);
    await ip('-n', space, 'link', 'set', 'lo', 'up');
  }
  const onSwitch = (...args: string[]) => ip('-n', switchName, ...args);
  await onSwitch('link', 'add', 'br0', 'type', 'bridge');
  await onSwitch('link', 'set', 'br0', 'up');
  for (const name of members) {
    const inside = (...args: string[]) => ip('-n', `hs-${name}`, ...args);
    await inside('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `to-${name}`, 'netns', switchName);
    await onSwitch('link', 'set', 'dev', `to-${name}`, 'master', 'br0', 'up');
    await inside('addr', 'add', `${addresses[name]}/24`, 'dev', 'eth0');
    await inside('link', 'set', 'eth0', 'up');
  }
  await ip('link', 'add', hostLink, 'type', 'veth', 'peer', 'name', 'to-host', 'netns', switchName);
  await onSwitch('link', 'set', 'dev', 'to-host', 'master', 'br0', 'up');
  await ip('addr', 'add', `${net}.1/24`, 'dev', hostLink);
  await ip('link', 'set', hostLink, 'up');
}

/** Removes what an earlier run left. Throws `HS_DATA_LOCKED` when a pair still runs in it. */
export async function clearNamespaces(): Promise<void> {
  await refuseWhileUsed();
  await remove();
}

/** What is not there needs no removing. */
async function remove(): Promise<void> {
  await ip('link', 'del', hostLink).catch(() => {});
  for (const space of spaces) await ip('netns', 'del', space).catch(() => {});
}

/** Another pair's namespaces are not leftovers while something runs in them. */
async function refuseWhileUsed(): Promise<void> {
  for (const space of spaces) {
    const pid = await ip('netns', 'pids', space).then(
      (text) => text.trim().split('\n')[0],
      () => '',
    );
    if (!pid) continue;
    throw new CodedError(
      'HS_DATA_LOCKED',
      `Another pair runs in the namespace ${space}: process ${pid}${dataOf(pid)}.`,
      {
        cure: 'Stop that one first: there is one set of namespaces on a machine.',
      },
    );
  }
}

function dataOf(pid: string): string {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const mark = entries.find((entry) => entry.startsWith(`${markName}=`));
    return mark ? `, with the data in ${mark.slice(markName.length + 1)}` : '';
  } catch {
    return '';
  }
}

async function freeRange(): Promise<string> {
  const used = await usedNetworks();
  const free = ranges.find((net) => !used.some((cidr) => overlaps(cidr, `${net}.0/24`)));
  if (free) return free;
  throw new CodedError('HS_ADDRESS_UNAVAILABLE', 'This host has addresses or routes in every documentation range.', {
    cure: 'Start without --vip.',
  });
}

/** Every IPv4 network that this host has an address or a route in; the default route is none. */
async function usedNetworks(): Promise<string[]> {
  const [routes, links] = await Promise.all([
    ip('-j', '-4', 'route', 'show', 'table', 'all').catch(() => '[]'),
    ip('-j', '-4', 'addr').catch(() => '[]'),
  ]);
  const fromRoutes = (JSON.parse(routes || '[]') as { dst?: string; dev?: string }[])
    .filter((route) => route.dst && route.dst !== 'default' && route.dev !== hostLink)
    .map((route) => route.dst ?? '');
  const fromLinks = (JSON.parse(links || '[]') as { ifname?: string; addr_info?: { local?: string }[] }[])
    .filter((link) => link.ifname !== hostLink)
    .flatMap((link) => (link.addr_info ?? []).flatMap((address) => address.local ?? []));
  return [...fromRoutes, ...fromLinks];
}

async function ip(...args: string[]): Promise<string> {
  const env = { ...process.env, PATH: process.env['HOTSTANDBY_PATH'] || process.env['PATH'] };
  return (await run('ip', args, { env, timeout: 10_000 })).stdout;
}
