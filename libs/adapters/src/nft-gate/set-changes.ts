import { addressBytes, asNumber, isIpv6 } from './address-bytes.ts';
import { tableName, type GateNames } from './ruleset.ts';

/**
 * One change of one set, as nft is told it in words and the kernel in bytes. What is in a list of them is one transaction:
 * all or nothing.
 */
export interface SetChange {
  /** `empty` takes all elements out and does not mind when there are none; `delete` fails for an element whose time is over. */
  verb: 'add' | 'delete' | 'empty';
  family: 'arp' | 'inet';
  table: string;
  set: string;
  elements: SetElement[];
  /** How long an added element stays; null where nothing is added. */
  timeoutMs: number | null;
}

export interface SetElement {
  /** As nft writes it in this set. */
  text: string;
  /** As the kernel compares it. */
  bytes: Uint8Array;
}

/** Opens, whatever was before: an element that is there already would keep its old time on some kernels. */
export const opening = (names: GateNames, addresses: string[], timeoutMs: number): SetChange[] => [
  ...shutting(names, addresses),
  ...changes('add', names, addresses, 'answers', timeoutMs),
  ...changes('add', names, addresses, 'takes', timeoutMs),
];

/**
 * In one transaction, and the deletion first: of an element whose time is over it fails, and with it the whole. So a renewal
 * that reaches the kernel late opens nothing.
 */
export const renewing = (names: GateNames, addresses: string[], timeoutMs: number): SetChange[] =>
  (['answers', 'takes'] as const).flatMap((name) => [
    ...changes('delete', names, addresses, name),
    ...changes('add', names, addresses, name, timeoutMs),
  ]);

/** From now on silent; packets are taken for so long. Fails when nothing was open any more. */
export const hushing = (names: GateNames, addresses: string[], timeoutMs: number): SetChange[] => [
  ...changes('delete', names, addresses, 'answers'),
  ...changes('delete', names, addresses, 'takes'),
  ...changes('add', names, addresses, 'takes', timeoutMs),
];

export const shutting = (names: GateNames, addresses: string[]): SetChange[] =>
  (['answers', 'takes'] as const).flatMap((name) => changes('empty', names, addresses, name));

/** The line that tells nft. */
export const asLine = (list: SetChange[]): string => list.map(asCommand).join('; ');

function asCommand({ verb, family, table, set, elements, timeoutMs }: SetChange): string {
  if (verb === 'empty') return `flush set ${family} ${table} ${set}`;
  const limit = timeoutMs === null ? '' : ` timeout ${timeoutMs}ms`;
  return `${verb} element ${family} ${table} ${set} { ${elements.map(({ text }) => `${text}${limit}`).join(', ')} }`;
}

function changes(
  verb: SetChange['verb'],
  names: GateNames,
  addresses: string[],
  name: 'answers' | 'takes',
  timeoutMs: number | null = null,
): SetChange[] {
  const table = tableName(names);
  const list = (family: SetChange['family'], set: string, among: string[], asText: (address: string) => string) => {
    const elements = among.map((address) => ({ text: asText(address), bytes: addressBytes(address) }));
    return elements.length === 0 ? [] : [{ verb, family, table, set, elements, timeoutMs }];
  };
  const ipv4 = addresses.filter((address) => !isIpv6(address));
  const ipv6 = addresses.filter(isIpv6);
  const asIs = (address: string) => address;
  return [
    ...list(name === 'answers' ? 'arp' : 'inet', name, ipv4, asIs),
    ...list('inet', `${name}6`, ipv6, name === 'answers' ? asNumber : asIs),
  ];
}
