// The parts in C: the collector's receiver, and the socket by which network-binding tells the kernel of each grant. Compiled with the
// system's C compiler when their sources changed. Without a compiler the services have a slower way each, and this says so.
// `native.mjs` by itself compiles them and nothing else (the image does so).
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runQuietly, say, tail } from './progress.mjs';

const addons = [
  {
    file: 'udp-batch.node',
    sources: ['udp', 'native'],
    what: 'the receiver',
    without: 'datagrams are received by node:dgram, at about a quarter of the rate',
  },
  {
    file: 'netfilter-socket.node',
    sources: ['nft-gate', 'native'],
    what: 'the netlink socket',
    without:
      'the kernel is told of the grant for virtual addresses through nft, at five to ten times the processor time',
  },
];

/** Whether all of them are there now; when not, it was said why. */
export async function buildNative(root, work) {
  const folder = path.join(work, 'native');
  mkdirSync(folder, { recursive: true });
  mkdirSync(path.join(work, 'logs'), { recursive: true });
  const due = addons
    .map((addon) => {
      const sources = path.join(root, 'libs', 'adapters', 'src', ...addon.sources);
      const file = path.join(folder, addon.file);
      return { ...addon, sources, file, stamp: `${file}.built`, now: fingerprint(sources) };
    })
    .filter(({ file, stamp, now }) => !existsSync(file) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== now);
  if (due.length === 0) return true;

  const compiler = await findCompiler(work);
  if (!compiler)
    say(
      `No C compiler could be had: ${due.map(({ without }) => without).join('; ')}. Cure: apt-get install gcc libc6-dev   (as root)`,
    );
  let complete = true;
  for (const addon of due) {
    // An old one may not fit what calls it.
    for (const old of [addon.file, addon.stamp]) rmSync(old, { force: true });
    complete = compiler !== undefined && (await compile(root, work, compiler, addon)) && complete;
  }
  return complete;
}

async function compile(root, work, compiler, { file, sources, what, without, stamp, now }) {
  const headers = path.join(root, 'node_modules', 'node-api-headers', 'include');
  const log = path.join(work, 'logs', 'native.log');
  const fresh = `${file}.${process.pid}`;
  const args = ['-std=gnu11', '-O2', '-shared', '-fPIC', '-pthread', '-Wall', `-I${headers}`, '-o', fresh];
  const inputs = readdirSync(sources)
    .filter((name) => name.endsWith('.c'))
    .map((name) => path.join(sources, name));
  if ((await runQuietly(`Compiling ${what}`, compiler, [...args, ...inputs], { log })) !== 0) {
    rmSync(fresh, { force: true });
    say(`Compiling ${what} failed: ${without}.\n${tail(log, 5)}\nSee ${log}.`);
    return false;
  }
  // A running service keeps the file that it has loaded.
  renameSync(fresh, file);
  writeFileSync(stamp, now);
  return true;
}

function fingerprint(sources) {
  const hash = createHash('sha256').update(`${process.arch} ${glibc()}\n`);
  for (const name of readdirSync(sources).sort())
    hash.update(`${name}\n`).update(readFileSync(path.join(sources, name)));
  return hash.digest('hex');
}

function glibc() {
  return process.report?.getReport().header.glibcVersionRuntime ?? 'no glibc';
}

async function findCompiler(work) {
  const found = () =>
    [process.env.CC, 'cc', 'gcc', 'clang'].filter(Boolean).find((name) => {
      const { status } = spawnSync(name, ['-E', '-'], {
        input: '#include <pthread.h>\n',
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      return status === 0;
    });
  const there = found();
  if (there || process.getuid() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0)
    return there;
  const log = path.join(work, 'logs', 'apt.log');
  const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600', 'gcc', 'libc6-dev'];
  if ((await runQuietly('Installing a C compiler with apt', 'apt-get', install, { log, env })) !== 0) {
    await runQuietly('Updating the lists of packages', 'apt-get', ['update'], { log, env });
    await runQuietly('Installing a C compiler with apt', 'apt-get', install, { log, env });
  }
  return found();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
  process.exitCode = (await buildNative(root, path.join(root, '.hotstandby'))) ? 0 : 1;
}
