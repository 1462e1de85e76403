import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../parts/eventually.ts';
import { endChild } from '../parts/end-child.ts';

const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/** Why there can be no KDC here; null: there can. */
export function noKdc(): string | null {
  for (const program of ['krb5kdc', 'kadmin.local', 'kdb5_util', 'kinit']) {
    const { error } = spawnSync(program, ['-?'], { env, stdio: 'ignore', timeout: 10_000 });
    if (error) return `${program} is not installed (apt-get install krb5-kdc krb5-admin-server krb5-user)`;
  }
  return null;
}

/** A real MIT KDC on a high port of 127.0.0.1, with a database of its own. */
export class Kdc {
  readonly address: string;
  readonly environment: Record<string, string>;
  readonly #folder: string;
  readonly #realm: string;
  #child: ChildProcess | null = null;

  constructor({ folder, realm, port }: { folder: string; realm: string; port: number }) {
    this.address = `127.0.0.1:${port}`;
    this.#folder = folder;
    this.#realm = realm;
    mkdirSync(folder, { recursive: true });
    const client = `[libdefaults]\n default_realm = ${realm}\n dns_lookup_kdc = false\n rdns = false\n dns_canonicalize_hostname = false
[realms]\n ${realm} = {\n  kdc = ${this.address}\n }\n`;
    const server = `[kdcdefaults]\n kdc_listen = ${this.address}\n kdc_tcp_listen = ${this.address}
[realms]\n ${realm} = {\n  database_name = ${folder}/db\n  key_stash_file = ${folder}/stash\n  acl_file = ${folder}/acl\n }\n`;
    writeFileSync(path.join(folder, 'krb5.conf'), client);
    writeFileSync(path.join(folder, 'kdc.conf'), server);
    this.environment = {
      KRB5_CONFIG: path.join(folder, 'krb5.conf'),
      KRB5_KDC_PROFILE: path.join(folder, 'kdc.conf'),
    };
    this.#run('kdb5_util', ['create', '-s', '-P', 'of-this-test', '-r', realm]);
  }

  #run(program: string, args: string[]): void {
    execFileSync(program, args, { env: { ...env, ...this.environment }, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** The password stands in a query that only this host's processes see, for as long as the test lasts. */
  addAccount(name: string, password: string, options = ''): void {
    this.#run('kadmin.local', ['-q', `addprinc ${options} +requires_preauth -pw ${password} ${name}`]);
  }

  setPassword(name: string, password: string): void {
    this.#run('kadmin.local', ['-q', `cpw -pw ${password} ${name}`]);
  }

  /** A keytab of a principal, which is made when it is not there. With it its password counts no more. */
  keytab(principal: string): string {
    const file = path.join(this.#folder, `${principal.replaceAll(/\W/g, '-')}.keytab`);
    this.#run('kadmin.local', ['-q', `addprinc -randkey ${principal}`]);
    this.#run('kadmin.local', ['-q', `ktadd -k ${file} ${principal}`]);
    chmodSync(file, 0o600);
    return file;
  }

  async start(): Promise<void> {
    const child = spawn('krb5kdc', ['-n', '-r', this.#realm], {
      env: { ...env, ...this.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    const hasPort = () => {
      if (child.exitCode !== null) throw new Error(said);
      const [address = '', port = '0'] = this.address.split(':');
      return spawnSync('bash', ['-c', 'exec 3<>"/dev/tcp/$0/$1"', address, port], { stdio: 'ignore' }).status === 0;
    };
    await eventually(hasPort, 30_000, 'an open KDC');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await endChild(child);
  }
}
