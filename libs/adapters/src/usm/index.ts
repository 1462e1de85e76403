import { readFile } from 'node:fs/promises';
import type { NodeConfig } from '@hotstandby/config';
import { errorCodes } from '@hotstandby/contracts';
import type { Logger, SecuredMessage, SnmpAnswering } from '@hotstandby/ports';
import { User, type UserSecrets } from './user.ts';

type UserConfig = NodeConfig['collector']['snmpUsers'][number];

/** RFC 3414 section 11.2; net-snmp refuses shorter ones, too. */
const shortestPassword = 8;

/**
 * The user-based security model (RFC 3414) with the users of the configuration. A user whose files cannot be used costs
 * its own messages only: they are said to be unreadable, and why.
 */
export async function openUsm(configured: UserConfig[], log: Logger): Promise<SnmpAnswering> {
  const users: { config: UserConfig; user: User | null }[] = [];
  for (const config of configured) {
    try {
      users.push({ config, user: new User(await secretsOf(config)) });
    } catch (error) {
      users.push({ config, user: null });
      const code = 'HS_SNMP_KEY';
      log.error('an SNMP user cannot be used', {
        user: config.name,
        code,
        error: String(error),
        cure: errorCodes[code][1],
      });
    }
  }
  const find = ({ userName, engineId }: SecuredMessage) => {
    const engine = Buffer.from(engineId).toString('hex');
    const named = users.filter(({ config }) => config.name === userName);
    return (
      named.find(({ config }) => config.engineId?.toLowerCase() === engine) ??
      named.find(({ config }) => config.engineId === undefined)
    );
  };
  return {
    open(message) {
      const { length } = message.engineId;
      if (length === 0) return { plain: null, fault: 'no engine id: a discovery' };
      const found = find(message);
      if (!found) return { plain: null, fault: 'unknown user', problem: 'user' };
      return found.user?.open(message) ?? { plain: null, fault: "the user's key files cannot be used" };
    },
    encrypt: (message, time, plain) => find(message)?.user?.encrypt(message, time, plain) ?? null,
    digest: (message, answer) => find(message)?.user?.digest(message, answer) ?? null,
  };
}

async function secretsOf(config: UserConfig): Promise<UserSecrets> {
  const { authProtocol, authKeyFile, privProtocol, privKeyFile } = config;
  const auth = authProtocol === 'none' ? null : { protocol: authProtocol, password: await readPassword(authKeyFile) };
  const priv = privProtocol === 'none' ? null : { protocol: privProtocol, password: await readPassword(privKeyFile) };
  return { auth, priv };
}

async function readPassword(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) throw new Error('no key file is named');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as { code?: string }).code}`, { cause: error });
  }
  const password = Buffer.from(text.replace(/\r?\n$/, ''));
  if (password.length < shortestPassword) throw new Error(`${path} holds fewer than ${shortestPassword} octets`);
  return password;
}
