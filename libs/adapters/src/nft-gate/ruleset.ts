import { asNumber, isIpv6 } from './address-bytes.ts';

/**
 * The text that nft is given for what is rare: the rules themselves. Two tables of one name, because the family `arp` is the only
 * one that sees ARP before the host answers, and `inet` the only one that sees IPv4 and IPv6. Names are short: nft reads each
 * line letter by letter.
 */
export interface GateNames {
  cluster: string;
  node: string;
}

/** Everything that is not renewed in time is shut; nothing can forget this, not even an element without a time of its own. */
const longest = 'timeout 1m';

/** A node's tables, and nobody else's: cluster and node are single words of letters, digits, `-` and `_`. */
export const tableName = ({ cluster, node }: GateNames): string => `hotstandby/${cluster}/${node}`;

/** One transaction that leaves both tables as they have to be, all shut. */
export function establishing(names: GateNames, addresses: string[]): string {
  const [arp, inet] = tables(names);
  const ipv4 = addresses.filter((address) => !isIpv6(address));
  const ipv6 = addresses.filter(isIpv6);
  // `add` before `delete`: the deletion of what is not there would fail.
  const lines = [`add table ${arp}`, `delete table ${arp}`, `add table ${inet}`, `delete table ${inet}`];
  lines.push(`add table ${arp}`, `add table ${inet}`);
  if (ipv4.length > 0) {
    lines.push(
      ...set(arp, 'vip', 'type ipv4_addr;', ipv4),
      `add set ${arp} answers { type ipv4_addr; flags timeout; ${longest}; }`,
      ...set(inet, 'vip', 'type ipv4_addr;', ipv4),
      `add set ${inet} takes { type ipv4_addr; flags timeout; ${longest}; }`,
      `add chain ${arp} in { type filter hook input priority -300; }`,
      `add chain ${arp} out { type filter hook output priority -300; }`,
      `add rule ${arp} in arp daddr ip @vip arp daddr ip != @answers drop`,
      // The host's own questions would tell its neighbours, too.
      `add rule ${arp} out arp saddr ip @vip arp saddr ip != @answers drop`,
    );
  }
  lines.push(`add chain ${inet} in { type filter hook prerouting priority -310; }`);
  if (ipv4.length > 0) lines.push(`add rule ${inet} in ip daddr @vip ip daddr != @takes drop`);
  if (ipv6.length > 0) {
    lines.push(
      ...set(inet, 'vip6', 'type ipv6_addr;', ipv6),
      `add set ${inet} takes6 { type ipv6_addr; flags timeout; ${longest}; }`,
      // `icmpv6 taddr` is refused by nft 1.0.6: the target is the 128 bits from bit 64 of the ICMPv6 header on.
      ...set(inet, 'target6', 'typeof @th,64,128;', ipv6.map(asNumber)),
      `add set ${inet} answers6 { typeof @th,64,128; flags timeout; ${longest}; }`,
      `add chain ${inet} out { type filter hook output priority -310; }`,
      `add rule ${inet} in icmpv6 type nd-neighbor-solicit @th,64,128 @target6 @th,64,128 != @answers6 drop`,
      `add rule ${inet} in ip6 daddr @vip6 ip6 daddr != @takes6 drop`,
      `add rule ${inet} out icmpv6 type nd-neighbor-advert @th,64,128 @target6 @th,64,128 != @answers6 drop`,
    );
  }
  return lines.join('; ');
}

export const removing = (names: GateNames): string =>
  tables(names)
    .flatMap((table) => [`add table ${table}`, `delete table ${table}`])
    .join('; ');

/** Prints both tables. Two lines: in one, nft 1.0.6 finds only the last of them. */
export const listing = (names: GateNames): string =>
  tables(names)
    .map((table) => `list table ${table}`)
    .join('\n');

/** What the listing says that the kernel does: sets without elements let nothing through. */
export function stateOf(listed: string): 'open' | 'hushed' | 'shut' | 'absent' {
  if (!/^table /m.test(listed)) return 'absent';
  const has = (name: string) => new RegExp(`set ${name}6? \\{[^}]*elements = \\{`).test(listed);
  if (has('answers')) return 'open';
  return has('takes') ? 'hushed' : 'shut';
}

/** How many rules the listing of intact tables has. */
export const ruleCount = (addresses: string[]): number =>
  (addresses.some((address) => !isIpv6(address)) ? 3 : 0) + (addresses.some(isIpv6) ? 3 : 0);

const tables = (names: GateNames): [string, string] => [`arp ${tableName(names)}`, `inet ${tableName(names)}`];

function set(table: string, name: string, type: string, elements: string[]): string[] {
  return [`add set ${table} ${name} { ${type} }`, `add element ${table} ${name} { ${elements.join(', ')} }`];
}
