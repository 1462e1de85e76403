// What the benchmark needs: the native receiver, the load generator, the collector's bundle, and the peers.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCollector } from '../../collector/collector-process.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Programs of peers and their Debian packages. syslog-ng's conflicts with rsyslog's: it is only unpacked. */
const packages = { rsyslogd: 'rsyslog', nfcapd: 'nfdump', nfdump: 'nfdump', nfacctd: 'pmacct', snmptrapd: 'snmptrapd' } as const;

export interface Prepared {
  blast: string;
  /** Where programs are that were unpacked and not installed. */
  unpacked: string;
}

export function prepare(): Prepared {
  const folder = join(root, '.hotstandby', 'bench');
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  process.env['PATH'] = [process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter);
  const native = spawnSync(process.execPath, [join(root, 'tools', 'setup', 'native.mjs')], { stdio: 'inherit' });
  if (native.status !== 0) throw new Error('Without a C compiler there is nothing to measure.');
  const blast = join(folder, 'blast');
  execFileSync('cc', ['-O2', '-w', '-o', blast, fileURLToPath(new URL('blast.c', import.meta.url))]);
  bundleCollector();
  install();
  unpackSyslogNg(unpacked);
  return { blast, unpacked };
}

export const isThere = (program: string) =>
  program.includes('/') ? existsSync(program) : spawnSync('which', [program], { stdio: 'ignore' }).status === 0;

function install(): void {
  const missing = [...new Set(Object.entries(packages).filter(([program]) => !isThere(program)).map(([, name]) => name))];
  if (missing.length === 0) return;
  // On a machine with systemd installing them would start servers.
  if (process.getuid?.() !== 0 || existsSync('/run/systemd/system')) {
    console.log(`Left out: ${missing.join(', ')}. To have them measured: apt-get install ${missing.join(' ')} (as root).`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600', ...missing];
  if (spawnSync('apt-get', args, { env, stdio: 'ignore' }).status === 0) return;
  spawnSync('apt-get', ['update'], { env, stdio: 'ignore' });
  spawnSync('apt-get', args, { env, stdio: 'ignore' });
}

/** With the libraries that it needs and the machine lacks. */
function unpackSyslogNg(unpacked: string): void {
  const target = join(unpacked, 'syslog-ng');
  if (existsSync(join(target, 'usr/sbin/syslog-ng'))) return;
  const downloads = join(unpacked, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const names = ['syslog-ng-core', 'libivykis0', 'libnet1', 'libwrap0', 'libpcre3'];
  for (const name of names) spawnSync('apt-get', ['download', name], { cwd: downloads, stdio: 'ignore' });
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
    spawnSync('dpkg-deb', ['-x', join(downloads, file), target], { stdio: 'ignore' });
  // One folder for the loader: its own libraries lie beside its modules.
  const libraries = join(target, 'usr/lib/syslog-ng');
  for (const folder of ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'lib/aarch64-linux-gnu'])
    if (existsSync(join(target, folder))) spawnSync('cp', ['-a', `${join(target, folder)}/.`, libraries], { stdio: 'ignore' });
}
