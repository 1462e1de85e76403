import type { ConfigFault } from './parse.ts';
import type { NodeConfigFile } from './schema.ts';

type Hostname = Extract<NodeConfigFile['binding'], { mode: 'hostname' }>;

/** Updates are signed in exactly one way, and an account logs in with exactly one secret. */
export function signatureFaults({ tsig, kerberos }: Hostname): ConfigFault[] {
  const faults = exactlyOne('binding', { tsig, kerberos });
  if (!kerberos) return faults;
  const { passwordFile, keytabFile } = kerberos;
  return [...faults, ...exactlyOne('binding.kerberos', { passwordFile, keytabFile })];
}

function exactlyOne(field: string, fields: Record<string, unknown>): ConfigFault[] {
  const names = Object.keys(fields);
  const given = names.filter((name) => fields[name] !== undefined);
  if (given.length === 1) return [];
  const got = given.length === 0 ? 'neither' : 'both';
  const cure = given.length === 0 ? `Add one of them to ${field}.` : `Remove one of them from ${field}.`;
  return [{ code: 'HS_CONFIG_INVALID', field, expected: `exactly one of ${names.join(' and ')}`, got, cure }];
}
