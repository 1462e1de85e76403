/** What `store.url` says. */
export interface StoreAddress {
  kind: 'postgresql' | 'mssql';
  /** In the order in which they are tried. More than one: a replicated PostgreSQL whose writable server is looked for. */
  hosts: { host: string; port: number }[];
  user: string;
  database: string;
  options: Readonly<Record<string, string>>;
}

/** Why a URL is none. Neither text holds anything of it: it may hold a secret. */
export interface StoreUrlFault {
  expected: string;
  got: string;
  cure: string;
}

const shapes = {
  postgresql: 'postgresql://user@host:port/database (several hosts: host1:port,host2:port)',
  mssql: 'mssql://user@host:port/database?encrypt=strict',
};
const defaultPorts = { postgresql: 5432, mssql: 1433 };

/** Which values of which option are known; null: any. A PostgreSQL URL may say more, as other programs read it too. */
const mssqlOptions: Readonly<Record<string, readonly string[] | null>> = {
  encrypt: ['strict', 'true', 'off'],
  hostNameInCertificate: null,
};

/** Pure: reads the text, opens nothing. */
export function readStoreUrl(url: string): { address: StoreAddress } | { fault: StoreUrlFault } {
  const parts = /^(postgres|postgresql|mssql):\/\/(?:([^/@?\s]*)@)?([^/?\s]+)(?:\/([^?\s]*))?(?:\?(\S*))?$/.exec(url);
  if (!parts) return faulty(Object.values(shapes).join(' or '), 'something else (not shown)', 'Correct store.url.');
  const [, scheme, user = '', hostList = '', database = '', query = ''] = parts;
  const kind = scheme === 'mssql' ? 'mssql' : 'postgresql';
  if (user.includes(':')) {
    return faulty(
      'no password in the URL',
      'a password (not shown)',
      'Put the password into a file readable by the service only, and name it in store.passwordFile.',
    );
  }
  const hosts: StoreAddress['hosts'] = [];
  for (const text of hostList.split(',')) {
    const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text);
    const port = found?.[3] === undefined ? defaultPorts[kind] : Number(found[3]);
    const host = decoded(found?.[1] ?? found?.[2] ?? '');
    if (!host || port < 1 || port > 65_535) {
      return faulty('host:port, several of them with commas between', `"${text}"`, 'Correct that host in store.url.');
    }
    hosts.push({ host, port });
  }
  const options: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) options[name] = value;
  const names = { user: decoded(user), database: decoded(database) };
  if (names.user === null || names.database === null)
    return faulty(shapes[kind], 'a % that begins no code', 'Write %25.');
  const address = { kind, hosts, user: names.user, database: names.database, options } as const;
  const fault = kind === 'mssql' ? mssqlFault(address) : postgresFault(address);
  return fault ? { fault } : { address };
}

function postgresFault({ options }: StoreAddress): StoreUrlFault | null {
  const wanted = options['target_session_attrs'];
  if (wanted === undefined || wanted === 'read-write' || wanted === 'primary') return null;
  return {
    expected: 'target_session_attrs=read-write',
    got: `"${wanted}"`,
    cure: 'The lease is only ever written: leave it out, or say read-write.',
  };
}

function mssqlFault({ hosts, user, database, options }: StoreAddress): StoreUrlFault | null {
  if (user === '' || database === '') {
    return { expected: shapes.mssql, got: 'no user or no database', cure: 'Name both in store.url.' };
  }
  if (hosts.length > 1) {
    return {
      expected: 'one host',
      got: `${hosts.length}`,
      cure: 'Name the listener of the availability group, which leads to its primary.',
    };
  }
  for (const [name, value] of Object.entries(options)) {
    const known = mssqlOptions[name];
    if (known === undefined) {
      return {
        expected: `an option of ${Object.keys(mssqlOptions).join(', ')}`,
        got: `"${name}"`,
        cure: 'Remove it or correct its spelling; see docs/configuration.md.',
      };
    }
    if (known && !known.includes(value)) {
      return { expected: `${name}=${known.join('|')}`, got: `"${value}"`, cure: `Correct ${name} in store.url.` };
    }
  }
  if (options['encrypt'] === 'off' && !isLoopback(hosts[0]?.host ?? '')) {
    return {
      expected: 'encrypt=strict or encrypt=true',
      got: 'encrypt=off for another machine',
      cure: 'Without TLS only a server on this machine (127.0.0.1, ::1, localhost) is spoken to; give the server a certificate.',
    };
  }
  return null;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function faulty(expected: string, got: string, cure: string): { fault: StoreUrlFault } {
  return { fault: { expected, got, cure } };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
