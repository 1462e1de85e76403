import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../parts/eventually.ts';

export const adDomain = 'ad.example.test';
export const adRealm = 'AD.EXAMPLE.TEST';
export const controllerAddress = '198.51.100.10';
const administratorPassword = 'Adm1n-Pass.word';
const stateFolders = ['etc/samba', 'var/lib/samba', 'run/samba', 'var/log/samba', 'var/cache/samba'];

/** Why there can be no domain controller here; null: `npm run test:ad` made namespaces for it. */
export function noController(): string | null {
  return process.env['HOTSTANDBY_TEST_AD'] === '1'
    ? null
    : 'a domain controller needs namespaces of its own: npm run test:ad';
}

/**
 * A Samba Active Directory domain controller with its own DNS, provisioned from nothing. It wants the ports and the folders
 * of a whole machine: this process is in namespaces (net, mount, uts, pid) that end with it.
 */
export class DomainController {
  readonly #folder: string;
  #child: ChildProcess | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes half a minute. */
  provision(): void {
    const run = (program: string, args: string[]) =>
      execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    run('ip', ['link', 'set', 'lo', 'up']);
    run('ip', ['address', 'add', `${controllerAddress}/24`, 'dev', 'lo']);
    run('hostname', ['dc1']);
    for (const name of stateFolders) {
      const own = path.join(this.#folder, name);
      mkdirSync(own, { recursive: true });
      mkdirSync(`/${name}`, { recursive: true });
      run('mount', ['--bind', own, `/${name}`]);
    }
    mkdirSync('/var/lib/samba/private', { recursive: true });
    this.#instead('/etc/resolv.conf', `nameserver ${controllerAddress}\n`);
    this.#instead('/etc/hosts', `127.0.0.1 localhost\n${controllerAddress} dc1.${adDomain} dc1\n`);
    run('samba-tool', [
      ...[
        'domain',
        'provision',
        `--realm=${adRealm}`,
        '--domain=ADEX',
        '--server-role=dc',
        '--dns-backend=SAMBA_INTERNAL',
      ],
      ...[`--adminpass=${administratorPassword}`, '--host-name=dc1', `--host-ip=${controllerAddress}`],
      ...['--option=interfaces=lo', '--option=bind interfaces only=yes'],
    ]);
    // For what the tests themselves ask; the nodes name their KDC.
    copyFileSync('/var/lib/samba/private/krb5.conf', path.join(this.#folder, 'krb5.conf'));
    process.env['KRB5_CONFIG'] = path.join(this.#folder, 'krb5.conf');
  }

  #instead(file: string, text: string): void {
    const own = path.join(this.#folder, path.basename(file));
    writeFileSync(own, text);
    execFileSync('mount', ['--bind', own, file]);
  }

  /** Not twice. */
  async start(): Promise<void> {
    if (this.#child) return;
    const child = spawn('samba', ['-i', '--debuglevel=1'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    const isReady = () => {
      if (child.exitCode !== null) throw new Error(said);
      execFileSync('kinit', ['-c', `FILE:${this.#folder}/admin`, `Administrator@${adRealm}`], {
        input: `${administratorPassword}\n`,
        stdio: ['pipe', 'ignore', 'ignore'],
        timeout: 5000,
      });
      execFileSync('dig', ['+time=1', '+tries=1', `@${controllerAddress}`, adDomain, 'SOA'], { stdio: 'ignore' });
      return true;
    };
    await eventually(isReady, 60_000, 'a domain controller');
  }

  tool(args: string[]): void {
    execFileSync('samba-tool', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  }

  addAccount(name: string, password: string): void {
    this.tool(['user', 'create', name, password]);
  }

  keytab(principal: string): string {
    const file = path.join(this.#folder, `${principal}.keytab`);
    this.tool(['domain', 'exportkeytab', file, `--principal=${principal}`]);
    return file;
  }

  /** As in the DNS Manager: by the administrator, who then owns the record. */
  record(what: 'add' | 'delete', name: string, type: string, data: string): void {
    const server = ['dns', what, `dc1.${adDomain}`, adDomain, name, type, data];
    this.tool([...server, `--username=Administrator`, `--password=${administratorPassword}`]);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const end = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    await end;
  }
}
