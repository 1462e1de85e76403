import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { readStoreUrl } from '@hotstandby/config';
import { CodedError } from '@hotstandby/contracts';

export interface NodeChoice {
  name: string;
  address: string;
}

/** What an operator decides about a pair; the rest of the configuration has its defaults. */
export interface DeployOptions {
  cluster: string;
  primary: NodeChoice;
  secondary: NodeChoice;
  /** Without a password. */
  storeUrl: string;
  /** A file to take the store's password from; null: a new one is made. */
  storePasswordFile: string | null;
  /** With prefix length; null: no virtual address. */
  vip: string | null;
  profile: Profile;
  /** The folder to make. */
  out: string;
}

const profiles = ['fast', 'standard', 'classic'] as const;
type Profile = (typeof profiles)[number];

export const deployHelp = `npm run docker:pair -- --cluster NAME --primary NAME=ADDRESS --secondary NAME=ADDRESS --store URL --out DIR [options]
Makes the configuration and keys of both nodes and the secrets of the store machine, for docker/compose.*.yml.

  --cluster NAME            the same on both nodes: letters, digits, - and _
  --primary NAME=ADDRESS    name and address of the node that is set up first; the other must reach it there
  --secondary NAME=ADDRESS  name and address of the other node
  --store URL               postgresql://user@host:5432/database, without a password
  --store-password FILE     take the password from this file (default: a new one)
  --vip CIDR                virtual address with its prefix length: 192.0.2.100/24 (default: none)
  --profile NAME            timings: ${profiles.join(', ')} (default standard)
  --out DIR                 folder to make; it must not exist
  --help                    this text
`;

/** Throws `HS_USAGE` that names everything that is wrong. Null: help was asked for. */
export function parseDeployOptions(args: string[]): DeployOptions | null {
  const faults: string[] = [];
  const given = readArgs(args);
  if (given['help'] !== undefined) return null;

  const need = (name: string): string => {
    const value = given[name]?.trim() ?? '';
    if (value === '') faults.push(`--${name} is missing`);
    return value;
  };
  const node = (name: 'primary' | 'secondary'): NodeChoice => {
    const text = need(name);
    const [, nodeName = '', address = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (text !== '') faults.push(...nodeFaults(`--${name}`, text, nodeName, address));
    return { name: nodeName, address };
  };

  const cluster = need('cluster');
  if (cluster !== '' && !isToken(cluster))
    faults.push(`--cluster: expected letters, digits, - and _ (40 at most); got ${quoted(cluster)}`);
  const primary = node('primary');
  const secondary = node('secondary');
  if (primary.name !== '' && primary.name.toLowerCase() === secondary.name.toLowerCase())
    faults.push(`--secondary: expected another name than the primary's; got ${quoted(secondary.name)}`);
  if (primary.address !== '' && primary.address === secondary.address)
    faults.push(`--secondary: expected another address than the primary's; got ${quoted(secondary.address)}`);

  const storeUrl = need('store');
  if (storeUrl !== '') faults.push(...storeFaults(storeUrl));
  const vip = given['vip'] ?? null;
  if (vip !== null) faults.push(...vipFaults(vip, [primary.address, secondary.address]));
  const profile = profiles.find((name) => name === (given['profile'] ?? 'standard'));
  if (!profile) faults.push(`--profile: expected one of ${profiles.join(', ')}; got ${quoted(given['profile'] ?? '')}`);
  const out = need('out');

  if (faults.length > 0 || !profile) throw usage(faults);
  const storePasswordFile = given['store-password'] ?? null;
  return { cluster, primary, secondary, storeUrl, storePasswordFile, vip, profile, out };
}

function readArgs(args: string[]): Record<string, string | undefined> {
  const names = ['cluster', 'primary', 'secondary', 'store', 'store-password', 'vip', 'profile', 'out'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: true } as const]));
  let values: Record<string, string[] | string | boolean | (string | boolean)[] | undefined>;
  try {
    ({ values } = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: false,
    }));
  } catch (error) {
    throw usage([error instanceof Error ? error.message : String(error)]);
  }
  const twice = Object.entries(values).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > 1 ? name : [],
  );
  if (twice.length > 0) throw usage(twice.map((name) => `--${name} is given more than once`));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

/** Unspecified, broadcast, multicast, link-local (which means nothing without an interface). */
const notOneHost = /^(0\.0\.0\.0|::|255\.255\.255\.255)$|^(22[4-9]|23\d)\.|^(ff[0-9a-f]{2}|fe80):/i;
const isToken = (text: string): boolean => /^[A-Za-z0-9_-]{1,40}$/.test(text);
const quoted = (text: string): string => JSON.stringify(text.slice(0, 120));

function nodeFaults(option: string, text: string, name: string, address: string): string[] {
  if (!text.includes('=')) return [`${option}: expected NAME=ADDRESS; got ${quoted(text)}`];
  const faults: string[] = [];
  // It becomes a folder, a JetStream domain and a part of subjects.
  if (!isToken(name) || name.startsWith('-'))
    faults.push(`${option}: expected a name of letters, digits, - and _ (40 at most); got ${quoted(name)}`);
  if (isIP(address) === 0 || address.includes('%'))
    faults.push(`${option}: expected an IPv4 or IPv6 address, not a host name; got ${quoted(address)}`);
  else if (notOneHost.test(address))
    faults.push(`${option}: expected an address that the host has and the other node reaches; got ${quoted(address)}`);
  return faults;
}

/** Never shows the URL: somebody may have put a password into it. */
function storeFaults(text: string): string[] {
  const read = readStoreUrl(text);
  if ('fault' in read) {
    const hint = read.fault.expected.startsWith('no password') ? '; give it with --store-password FILE' : '';
    return [`--store: expected ${read.fault.expected}, got ${read.fault.got}${hint}`];
  }
  const { kind, user, database } = read.address;
  const expected = '--store: expected postgresql://user@host:port/database';
  if (kind !== 'postgresql') return [`${expected}; got ${kind}://`];
  const faults: string[] = [];
  if (user === '') faults.push(`${expected}; the user is missing`);
  if (database === '') faults.push(`${expected}; the database is missing`);
  return faults;
}

function vipFaults(text: string, nodes: string[]): string[] {
  const [, address = '', length = ''] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0 || length === '' || Number(length) > (version === 4 ? 32 : 128))
    return [`--vip: expected an address with its prefix length, 192.0.2.100/24; got ${quoted(text)}`];
  return nodes.includes(address) ? [`--vip: expected another address than the nodes' own; got ${quoted(text)}`] : [];
}

export function usage(faults: string[]): CodedError {
  return new CodedError('HS_USAGE', faults.join('\n'), { cure: 'npm run docker:pair -- --help lists the options.' });
}
