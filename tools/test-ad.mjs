// `npm run test:ad`: the virtual hostname in a zone of Active Directory, with a Samba domain controller that this sets up
// (as root; Debian packages, half a minute, about 2 GB of memory for as long as it runs). Not part of `npm test`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIfNeeded } from './setup/npm-packages.mjs';
import { Fault, fail, runQuietly, tail } from './setup/progress.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** A file of each package. What its installation would start is not started: policy-rc.d, or there is no systemd. */
const packages = {
  samba: '/usr/sbin/samba',
  'samba-ad-provision': '/usr/share/samba/setup/provision.ldif',
  'samba-dsdb-modules': '/usr/lib/*/samba/ldb/samba_dsdb.so',
  'samba-vfs-modules': '/usr/lib/*/samba/vfs/acl_xattr.so',
  winbind: '/usr/sbin/winbindd',
  'python3-samba': '/usr/lib/python3/dist-packages/samba/__init__.py',
  'python3-markdown': '/usr/lib/python3/dist-packages/markdown/__init__.py',
  'krb5-user': '/usr/bin/kinit',
  'bind9-dnsutils': '/usr/bin/nsupdate',
};

async function main() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Fault('A domain controller wants the ports of a whole machine.', 'Run it as root on Linux.', 78);
  const work = path.join(root, '.hotstandby');
  const log = path.join(work, 'logs', 'apt.log');
  mkdirSync(path.dirname(log), { recursive: true });
  await installIfNeeded(root, work);
  const missing = () => Object.keys(packages).filter((name) => !isThere(packages[name]));
  if (missing().length > 0) {
    if (existsSync('/run/systemd/system'))
      throw new Fault(
        `Missing: ${missing().join(', ')}. Their installation would start servers on this machine.`,
        `apt-get install --no-install-recommends ${missing().join(' ')}, and stop samba and winbind.`,
        78,
      );
    const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
    const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600'];
    const install = () =>
      runQuietly(`Installing ${missing().join(', ')}`, 'apt-get', ['install', ...options, ...missing()], { log, env });
    if ((await install()) !== 0) {
      await runQuietly('Updating the lists of packages', 'apt-get', ['update'], { log, env });
      if ((await install()) !== 0) throw new Fault(tail(log, 5), `apt-get install ${missing().join(' ')}`);
    }
  }
  const bin = path.join(root, 'node_modules', '.bin');
  // Everything that is made ends with these namespaces: address, mounts, host name, processes.
  const namespaces = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const vitest = [path.join(bin, 'vitest'), 'run', '--project', 'ad', ...process.argv.slice(2)];
  const { status, error } = spawnSync('unshare', [...namespaces, '--propagation', 'private', ...vitest], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, HOTSTANDBY_TEST_AD: '1', PATH: `${bin}:${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
  });
  if (error) throw error;
  return status ?? 1;
}

function isThere(file) {
  return spawnSync('/bin/sh', ['-c', `ls ${file}`], { stdio: 'ignore' }).status === 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = fail(error instanceof Fault ? error : new Fault(String(error?.stack ?? error), ''));
}
