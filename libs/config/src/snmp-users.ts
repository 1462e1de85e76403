import type { ConfigFault } from './parse.ts';
import type { NodeConfigFile } from './schema.ts';

type Users = NodeConfigFile['collector']['snmpUsers'];

/** What is wrong with the users of SNMP version 3, beyond the shape of each field. */
export function snmpUserFaults(users: Users): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const seen = new Set<string>();
  for (const [index, user] of users.entries()) {
    const field = `collector.snmpUsers.${index}`;
    const add = (name: string, expected: string, got: string, cure: string) =>
      faults.push({ code: 'HS_CONFIG_INVALID', field: `${field}.${name}`, expected, got, cure });
    for (const kind of ['auth', 'priv'] as const) {
      const needed = user[`${kind}Protocol`] !== 'none';
      const named = user[`${kind}KeyFile`] !== undefined;
      if (needed && !named)
        add(`${kind}KeyFile`, `a file, for ${kind}Protocol is not none`, 'nothing', `Add ${field}.${kind}KeyFile.`);
      if (!needed && named)
        add(`${kind}Protocol`, `a protocol for the key file`, '"none"', `Give ${field}.${kind}Protocol.`);
    }
    if (user.privProtocol !== 'none' && user.authProtocol === 'none')
      add('authProtocol', 'a protocol: nothing is encrypted that is not authenticated', '"none"', `Give ${field}.authProtocol.`); // prettier-ignore
    const key = JSON.stringify([user.name, user.engineId?.toLowerCase()]);
    if (seen.has(key))
      add('name', 'another name, or another engineId', JSON.stringify(user.name), 'Remove one of the two.');
    seen.add(key);
  }
  return faults;
}
