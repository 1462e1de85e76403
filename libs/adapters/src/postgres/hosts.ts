import { readStoreUrl, type NodeConfig, type StoreAddress } from '@hotstandby/config';
import { StoreError, type StoreFault } from '@hotstandby/ports';

export type Host = StoreAddress['hosts'][number];

/** Throws `StoreError`; a configuration that was checked has no such URL. */
export function addressOf(store: NodeConfig['store']): StoreAddress {
  const read = readStoreUrl(store.url);
  if (!('fault' in read)) return read.address;
  throw new StoreError('refused', `store.url: expected ${read.fault.expected}, got ${read.fault.got}`);
}

/** Which host of a store took writes last: everybody in this process goes there first, and on round from it. */
const lastWritable = new WeakMap<NodeConfig['store'], number>();

/** All hosts in the order in which they are to be tried now. */
export function hostsInOrder(store: NodeConfig['store']): Host[] {
  const { hosts } = addressOf(store);
  const first = lastWritable.get(store) ?? 0;
  return [...hosts.slice(first), ...hosts.slice(0, first)];
}

export function rememberWritable(store: NodeConfig['store'], host: Host): void {
  lastWritable.set(
    store,
    Math.max(
      0,
      addressOf(store).hosts.findIndex((one) => one.host === host.host && one.port === host.port),
    ),
  );
}

/** A wrong password before a replica, a replica before silence: what a person can mend comes first. */
const telling: StoreFault[] = ['refused', 'insecure', 'read-only', 'unreachable'];

/** No host takes writes: each is named with what it said. */
export function noWritableHost(failures: { host: Host; error: StoreError }[]): StoreError {
  const fault = telling.find((one) => failures.some(({ error }) => error.fault === one)) ?? 'unreachable';
  const words = failures.map(({ host, error }) => `${nameOf(host)}: ${error.message}`).join('; ');
  return new StoreError(fault, `no host of the store takes writes (${words})`, { cause: failures[0]?.error });
}

function nameOf({ host, port }: Host): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
