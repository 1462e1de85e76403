import type { HostView } from '@hotstandby/ports';

/** What `ip -j address show` prints, as far as it is used here. */
interface LinkEntry {
  ifname?: string;
  flags?: string[];
  addr_info?: { local?: string; prefixlen?: number; metric?: number }[];
}

/** The output of `ip -j address show` as a view; `mark` is the metric that tells our addresses. Throws on what is no JSON. */
export function hostView(json: string, mark: number): HostView {
  const view: HostView = { addresses: [], interfaces: [] };
  // An interface that went while `ip` was listing leaves an empty object.
  for (const { ifname, flags = [], addr_info = [] } of JSON.parse(json) as LinkEntry[]) {
    if (!ifname) continue;
    view.interfaces.push({ name: ifname, up: flags.includes('UP'), carrier: flags.includes('LOWER_UP') });
    for (const { local, prefixlen, metric } of addr_info) {
      if (local === undefined || prefixlen === undefined) continue;
      const hostLength = local.includes(':') ? 128 : 32;
      const owned = metric === mark && prefixlen === hostLength;
      view.addresses.push({ interface: ifname, cidr: `${local}/${prefixlen}`, owned });
    }
  }
  return view;
}
