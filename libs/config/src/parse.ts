import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { bindingAddressFaults } from './binding-addresses.ts';
import { brokenRelations, profiles, takeoverWaitMs, type Timing } from './profiles.ts';
import { nodeConfigSchema, type NodeConfigFile } from './schema.ts';
import { signatureFaults } from './dns-signature.ts';
import { snmpUserFaults } from './snmp-users.ts';
import { readStoreUrl } from './store-address.ts';
import { tlsFaults } from './tls-files.ts';

/** The configuration as services see it: complete, its relations checked. */
export interface NodeConfig extends Omit<NodeConfigFile, 'timing' | 'collector'> {
  timing: Timing & { takeoverWaitMs: number };
  collector: Omit<NodeConfigFile['collector'], 'feed'> & { feed: 'dual' | 'vip' };
}

/** One thing that is wrong with a configuration, so that a person can mend it. */
export interface ConfigFault {
  code: 'HS_CONFIG_INVALID' | 'HS_CONFIG_TIMING';
  /** `notifier.smtp.port`, or empty for the whole file. */
  field: string;
  expected: string;
  got: string;
  cure: string;
}

export type ConfigResult = { ok: true; config: NodeConfig } | { ok: false; faults: ConfigFault[] };

/** `binding` as a node once had it, for who kept it; null: it is none. */
export function readBinding(value: unknown): NodeConfig['binding'] | null {
  return nodeConfigSchema.shape.binding.safeParse(value).data ?? null;
}

/** Text of a YAML (or JSON) file in, a complete configuration or everything that is wrong with it out. Reads no file. */
export function parseConfig(text: string): ConfigResult {
  let raw: unknown;
  try {
    raw = parseYaml(text, { maxAliasCount: 20 });
  } catch (error) {
    // Behind the first line it shows the place in the text, which may hold a password.
    const got = error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$/, '') : String(error);
    return {
      ok: false,
      faults: [
        { code: 'HS_CONFIG_INVALID', field: '', expected: 'YAML', got, cure: 'Mend the syntax at the named line.' },
      ],
    };
  }
  const result = nodeConfigSchema.safeParse(raw ?? {});
  if (!result.success) return { ok: false, faults: result.error.issues.flatMap((issue) => faultsOf(issue, raw)) };

  const faults = relationFaults(result.data);
  if (faults.length > 0) return { ok: false, faults };
  const timing = timingOf(result.data);
  const { collector, binding } = result.data;
  const feed = collector.feed === 'auto' ? (binding.mode === 'none' ? 'dual' : 'vip') : collector.feed;
  return {
    ok: true,
    config: {
      ...result.data,
      timing: { ...timing, takeoverWaitMs: takeoverWaitMs(timing) },
      collector: { ...collector, feed },
    },
  };
}

function timingOf(file: NodeConfigFile): Timing {
  const given = Object.fromEntries(Object.entries(file.timing).filter(([, value]) => value !== undefined));
  return withLease(profiles[file.profile], given);
}

/** What is not given goes with a lease that is shorter than the profile's; what is given stays as it is. */
function withLease(profile: Timing, given: Partial<Timing>): Timing {
  const leaseTtlMs = given.leaseTtlMs ?? profile.leaseTtlMs;
  return {
    ...profile,
    beatMs: Math.min(profile.beatMs, Math.max(1, Math.floor(leaseTtlMs / 3))),
    fenceLeadMs: Math.min(profile.fenceLeadMs, Math.max(1, Math.floor(0.3 * leaseTtlMs))),
    statementTimeoutMs: Math.min(profile.statementTimeoutMs, Math.max(1, Math.floor(0.8 * leaseTtlMs))),
    ...given,
  };
}

function relationFaults(file: NodeConfigFile): ConfigFault[] {
  const faults: ConfigFault[] = brokenRelations(timingOf(file)).map((rule) => ({
    code: 'HS_CONFIG_TIMING',
    field: 'timing',
    expected: rule,
    got: `profile ${file.profile}${Object.keys(file.timing).length > 0 ? ` with ${JSON.stringify(file.timing)}` : ''}`,
    cure: 'Change the timing, or leave it out to get the profile as it is.',
  }));
  const differ = (field: string, one: string, other: string, why: string) => {
    if (one === other)
      faults.push({
        code: 'HS_CONFIG_INVALID',
        field,
        expected: why,
        got: JSON.stringify(one),
        cure: `Give ${field} another value.`,
      });
  };
  differ('peer.name', file.peer.name, file.node.name, 'another name than node.name');
  faults.push(...sameNames(file.workload.checks));
  faults.push(...bindingAddressFaults(file));
  faults.push(...snmpUserFaults(file.collector.snmpUsers), ...tlsFaults(file.collector));
  if (file.binding.mode === 'hostname') {
    faults.push(...outsideZone(file.binding), ...signatureFaults(file.binding));
  }
  const url = readStoreUrl(file.store.url);
  if ('fault' in url) faults.push({ code: 'HS_CONFIG_INVALID', field: 'store.url', ...url.fault });
  else if (url.address.kind === 'mssql') faults.push(...withoutAlerts(file));
  return faults;
}

function outsideZone({ name, zone }: { name: string; zone: string }): ConfigFault[] {
  const [inner, outer] = [name.toLowerCase(), zone.toLowerCase()];
  if (inner === outer || inner.endsWith(`.${outer}`)) return [];
  const cure = 'Correct binding.name or binding.zone.';
  const expected = `a name in binding.zone (${zone})`;
  return [{ code: 'HS_CONFIG_INVALID', field: 'binding.name', expected, got: JSON.stringify(name), cure }];
}

function sameNames(checks: NodeConfigFile['workload']['checks']): ConfigFault[] {
  return checks.flatMap(({ name }, index) => {
    if (checks.findIndex((other) => other.name === name) === index) return [];
    const field = `workload.checks.${index}.name`;
    const expected = 'a name that no other check has';
    return [
      { code: 'HS_CONFIG_INVALID', field, expected, got: JSON.stringify(name), cure: `Give ${field} another value.` },
    ];
  });
}

/** What is stored on PostgreSQL only, so far: said here, where it can be mended, instead of by a service that fails. */
function withoutAlerts(file: NodeConfigFile): ConfigFault[] {
  if (!file.notifier.enabled) return [];
  const expected = 'false with a store on SQL Server, which holds no alerts yet';
  const cure = 'Set notifier.enabled to false, or use PostgreSQL for the store.';
  return [{ code: 'HS_CONFIG_INVALID', field: 'notifier.enabled', expected, got: 'true', cure }];
}

/** One line an issue: which field, what was expected, what was there. Values of secrets never appear: they are only file names. */
function faultsOf(issue: z.core.$ZodIssue, raw: unknown): ConfigFault[] {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'HS_CONFIG_INVALID',
      field: field ? `${field}.${key}` : key,
      expected: 'a known field',
      got: `"${key}"`,
      cure: 'Remove it or correct its spelling; see docs/configuration.md.',
    }));
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
  const got = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
  return [
    {
      code: 'HS_CONFIG_INVALID',
      field,
      expected: expectedBy(issue.message),
      // Whoever puts a password into a URL must not find it in a log.
      got: value !== undefined && /(^|\.)url$/.test(field) ? 'something else (not shown)' : got,
      cure: value === undefined ? `Add ${field}.` : `Correct ${field}.`,
    },
  ];
}

/** zod's "Invalid option: expected one of ..." and its kin, as what comes after the word "expected". */
const expectedBy = (message: string): string =>
  message
    .replace(/^(?:Invalid \w+|Too small|Too big): expected /, '')
    .replace(/, received .*$/, '')
    .replace(/^Invalid discriminator value\. Expected /, '')
    .replace(/^Invalid input$/, 'what docs/configuration.md says')
    .replace(/^Invalid (?=\w)/, 'a valid ');
