import { Resolver } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import { writeSecret } from '../keys.ts';
import { type Layout, nodeNames, dnsKeyFile, sharedFolders, type VirtualName } from '../layout.ts';
import type { PartSpec } from '../part.ts';

const readyWithinMs = 30_000;
export const keyName = 'failover-key';

/** The DNS server of the pair's virtual hostname: BIND, primary of one zone, that takes updates signed with each node's key. */
export interface DnsServer {
  part: PartSpec;
  /** Waits until it answers for its zone. */
  ready: () => Promise<void>;
}

/** Makes keys, zone and configuration where they are missing. Nothing runs yet when it returns. */
export function prepareDns(layout: Layout, name: VirtualName, env: Record<string, string>): DnsServer {
  const { dns: folder, logs } = sharedFolders(layout);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = path.join(folder, 'tsig.key');
  if (!existsSync(keyFile)) {
    const secret = randomBytes(32).toString('base64');
    writeSecret(keyFile, `key "${keyName}" {\n\talgorithm hmac-sha256;\n\tsecret "${secret}";\n};\n`, 0o600);
  }
  for (const node of nodeNames) writeSecret(dnsKeyFile(layout, node), readFileSync(keyFile, 'utf8'), 0o600);
  // What was changed by updates is in its journal beside it.
  const zoneFile = path.join(folder, 'zone');
  if (!existsSync(zoneFile)) writeFileSync(zoneFile, zoneText(name));
  const config = path.join(folder, 'named.conf');
  writeFileSync(config, serverConfig(folder, keyFile, name));
  return {
    part: {
      name: 'store/dns',
      program: 'named',
      args: ['-g', '-n', '1', '-c', config],
      env,
      logFile: path.join(logs, 'named.log'),
      stopSignal: 'SIGTERM',
      cwd: '/',
    },
    ready: () => answering(name, path.join(logs, 'named.log')),
  };
}

const zoneText = ({ zone, address }: VirtualName): string =>
  `$TTL 60\n@ SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 1\n@ NS ns\nns A ${address}\n`;

/** named listens only where an interface has the address itself, so not on another 127.x.y.z: on 127.0.0.1, with a port of its own. */
function serverConfig(folder: string, keyFile: string, { name, zone, address, port }: VirtualName): string {
  return `// Written by npm start at every start.
include "${keyFile}";
options {
  directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key"; managed-keys-directory "${folder}";
  listen-on port ${port} { ${address}; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no;
};
controls { };
zone "${zone}" {
  type primary;
  file "${folder}/zone";
  update-policy {
    grant ${keyName} name ${name}. A AAAA;
    grant ${keyName} name _hotstandby.${name}. TXT;
  };
};
`;
}

async function answering({ zone, address, port }: VirtualName, logFile: string): Promise<void> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`${address}:${port}`]);
  for (const endMs = performance.now() + readyWithinMs; performance.now() < endMs;) {
    const answers = await resolver.resolveSoa(zone).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new CodedError('HS_DNS_UNREACHABLE', `named does not answer for ${zone} at ${address}:${port}.`, {
    cure: `See ${logFile}. Where AppArmor confines named, it may not read other folders: aa-complain named.`,
  });
}
