// The programs that are Debian packages: found, installed with apt, or unpacked into .hotstandby/debian.
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Fault, runQuietly, say, tail } from './progress.mjs';

/**
 * `besides`: packages that come with it. `daemon`: installing it would start a server on a machine with systemd, so there it is only unpacked.
 */
const wanted = [
  {
    program: 'nats-server',
    package: 'nats-server',
    daemon: true,
    probe: ['-v'],
    must: 'the bus between the services: nothing runs without it',
  },
  { program: 'rsync', package: 'rsync', probe: ['--version'], without: 'file-sync is off' },
  { program: 'sshd', package: 'openssh-server', daemon: true, without: 'file-sync is off' },
  { program: 'ssh', package: 'openssh-client', probe: ['-V'], without: 'file-sync is off' },
  { program: 'ssh-keygen', package: 'openssh-client', without: 'file-sync is off' },
  { program: 'ip', package: 'iproute2', probe: ['-V'], vip: true, must: '--vip makes network namespaces with it' },
  { program: 'nft', package: 'nftables', probe: ['-v'], vip: true, without: 'the kernel does not enforce the grant' },
  {
    program: 'arping',
    package: 'iputils-arping',
    vip: true,
    without: 'a new owner of the virtual IP is not announced',
  },
  {
    program: 'ndptool',
    package: 'libndp-tools',
    vip: true,
    without: 'an IPv6 virtual address is announced by the kernel alone, once',
  },
  {
    program: 'redis-server',
    package: 'redis-server',
    daemon: true,
    tests: true,
    without: 'tests with a real Redis are skipped',
  },
  { program: 'logger', package: 'bsdutils', tests: true, without: 'tests with the real logger are skipped' },
  { program: 'busybox', package: 'busybox', tests: true, without: 'one test of a health check is skipped' },
  {
    program: 'python3',
    package: 'python3-minimal',
    tests: true,
    without: 'scenarios in network namespaces are skipped',
  },
  { program: 'faketime', package: 'faketime', tests: true, without: 'scenarios leave the clocks alone' },
  { program: 'snmptrap', package: 'snmp', tests: true, without: 'tests with the real snmptrap are skipped' },
  {
    program: 'named',
    package: 'bind9',
    daemon: true,
    probe: ['-v'],
    hostname: true,
    must: '--hostname runs a DNS server with it',
  },
  {
    program: 'nsupdate',
    package: 'bind9-dnsutils',
    probe: ['-V'],
    hostname: true,
    must: '--hostname changes the DNS with it',
  },
  ...[
    ['krb5kdc', 'krb5-kdc'],
    ['kadmin.local', 'krb5-admin-server'],
    ['kinit', 'krb5-user'],
  ].map(([program, package_]) => ({
    program,
    package: package_,
    daemon: program === 'krb5kdc',
    probe: ['-?'],
    tests: true,
    without: 'tests with a real KDC (GSS-TSIG) are skipped',
  })),
  {
    program: 'haproxy',
    package: 'haproxy',
    daemon: true,
    probe: ['-v'],
    tests: true,
    without: 'tests behind a real HAProxy are skipped',
  },
  {
    program: 'rsyslogd',
    package: 'rsyslog',
    // Its driver for TLS, which is no program.
    besides: ['rsyslog-gnutls'],
    daemon: true,
    tests: true,
    without: 'tests with rsyslog as a forwarder are skipped',
  },
  {
    program: 'pmacctd',
    package: 'pmacct',
    daemon: true,
    tests: true,
    without: 'tests with the real pmacctd (sFlow) are skipped',
  },
  {
    program: 'snmptrapd',
    package: 'snmptrapd',
    daemon: true,
    tests: true,
    without: 'SNMPv3 is not compared with snmptrapd',
  },
  {
    program: 'nfcapd',
    package: 'nfdump',
    daemon: true,
    tests: true,
    without: 'decoded flows are not compared with nfdump',
  },
  {
    program: 'softflowd',
    package: 'softflowd',
    daemon: true,
    tests: true,
    without: 'tests with the real softflowd are skipped',
  },
];

/**
 * Where the programs are: `folders` for a PATH; `leftOut` what could not be had, what that means and the cure.
 * Throws a Fault when one is missing without which nothing works.
 */
export async function findPrograms(work, { vip, hostname = false, tests = false }) {
  const unpacked = path.join(work, 'debian');
  const folders = [
    ...(process.env.PATH ?? '').split(':').filter(Boolean),
    ...['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'],
    ...['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((folder) => path.join(unpacked, folder)),
  ];
  const needed = wanted.filter((one) => (vip || !one.vip) && (hostname || !one.hostname) && (tests || !one.tests));
  const missing = () => needed.filter((one) => !locate(one.program, folders));
  let gone = missing();
  if (gone.length > 0) {
    await get(gone, work, unpacked);
    gone = missing();
  }
  const broken = needed.filter((one) => !gone.includes(one) && !starts(one, folders));
  const absent = [...gone, ...broken];
  const leftOut = absent.map((one) => ({
    program: one.program,
    means: one.must ?? one.without,
    cure: `apt-get install ${[one.package, ...(one.besides ?? [])].join(' ')}   (as root)`,
  }));
  for (const one of leftOut) say(`${one.program} could not be had: ${one.means}. Cure: ${one.cure}`);
  // Tests that need a DNS server are skipped without one.
  const must = absent.filter((one) => one.must && !(tests && one.hostname));
  if (must.length > 0)
    throw new Fault(
      `Missing: ${must.map((one) => one.program).join(', ')}.`,
      `apt-get install ${must.map((one) => one.package).join(' ')} (as root), or put the program on the PATH.`,
    );
  return { folders: [...new Set(folders)].filter((folder) => existsSync(folder)), leftOut };
}

function locate(program, folders) {
  for (const folder of folders) {
    const file = path.join(folder, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}

/** An unpacked program may lack a shared library of the machine. */
function starts(one, folders) {
  if (!one.probe) return true;
  const result = spawnSync(locate(one.program, folders), one.probe, { timeout: 10_000, stdio: 'ignore' });
  return !result.error && result.status !== 127;
}

async function get(programs, work, unpacked) {
  const log = path.join(work, 'logs', 'apt.log');
  const path_ = process.env.PATH?.split(':') ?? [];
  if (!locate('apt-get', [...path_, '/usr/bin']) || !locate('dpkg-deb', [...path_, '/usr/bin'])) {
    say('This machine has no apt: what is missing must be installed by hand.');
    return;
  }
  const systemd = existsSync('/run/systemd/system');
  const mayInstall = process.getuid() === 0;
  const install = mayInstall ? programs.filter((one) => !(systemd && one.daemon)) : [];
  const unpack = programs.filter((one) => !install.includes(one));
  const names = (list) => [...new Set(list.flatMap((one) => [one.package, ...(one.besides ?? [])]))];
  if (install.length > 0) await aptInstall(names(install), log);
  if (unpack.length > 0) await aptUnpack(names(unpack), log, work, unpacked);
}

const quiet = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

async function aptInstall(packages, log) {
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600', ...packages];
  const what = `Installing ${packages.join(', ')} with apt`;
  if ((await runQuietly(what, 'apt-get', args, { log, env: quiet })) === 0) return;
  await runQuietly('Updating the lists of packages', 'apt-get', ['update'], { log, env: quiet });
  if ((await runQuietly(what, 'apt-get', args, { log, env: quiet })) !== 0) say(tail(log, 5));
}

/** Without root (or without starting servers): download and unpack, with lists of our own where the system has none. */
async function aptUnpack(packages, log, work, unpacked) {
  const downloads = path.join(work, 'downloads');
  mkdirSync(downloads, { recursive: true });
  mkdirSync(unpacked, { recursive: true });
  const what = `Downloading ${packages.join(', ')}`;
  const own = [
    '-o',
    `Dir::State::lists=${work}/apt/lists`,
    '-o',
    `Dir::Cache=${work}/apt/cache`,
    '-o',
    'Debug::NoLocking=1',
  ];
  const download = async (extra) => {
    let good = true;
    for (const name of packages) {
      const args = [...extra, 'download', name];
      good =
        (await runQuietly(`Downloading ${name}`, 'apt-get', args, { log, cwd: downloads, env: quiet })) === 0 && good;
    }
    return good;
  };
  if (!(await download([]))) {
    for (const folder of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(path.join(work, 'apt', folder), { recursive: true });
    await runQuietly('Fetching the lists of packages', 'apt-get', [...own, 'update'], { log, env: quiet });
    if (!(await download(own))) say(`${what} failed:\n${tail(log, 5)}`);
  }
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb'))) {
    const args = ['-x', path.join(downloads, file), unpacked];
    await runQuietly(`Unpacking ${file}`, 'dpkg-deb', args, { log, env: quiet });
  }
}
