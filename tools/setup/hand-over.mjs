// Starts the pair on Node 24 and stays in front of it: signals and exit code pass through.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from './progress.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** `options` as parsed; a demo without a folder of its own gets a temporary one, kept only when something went wrong. */
export function handOver(root, programs, options) {
  const temporary =
    options.command === 'demo' && options.data === null ? mkdtempSync(path.join(tmpdir(), 'hotstandby-demo-')) : null;
  const words = [...process.argv.slice(2), ...(temporary ? ['--data', temporary] : [])];
  const node = path.join(root, 'node_modules', '.bin', 'node');
  const main = path.join(root, 'tools', 'pair', 'bundle', 'main.mjs');
  const env = {
    ...process.env,
    HOTSTANDBY_ROOT: root,
    HOTSTANDBY_PATH: programs.folders.join(':'),
    HOTSTANDBY_LEFT_OUT: JSON.stringify(programs.leftOut),
    NODE_COMPILE_CACHE: path.join(root, '.hotstandby', 'compile-cache'),
  };
  const inside = options.vip && process.getuid() !== 0 ? userNamespace() : [];
  if (inside.length > 0) env.HOTSTANDBY_INSIDE = '1';
  return new Promise((resolve) => {
    const args = ['--disable-warning=ExperimentalWarning', main, ...words];
    // The fourth channel ends when this process dies, however it dies: then the pair stops by itself.
    const [program, ...rest] = [...inside, node, ...args];
    const pair = spawn(program, rest, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
    const tell = (signal) => {
      if (pair.connected) pair.send({ signal }, () => {});
    };
    // A terminal sends Ctrl-C to the whole group and npm passes it on once more; the pair takes those for one.
    for (const signal of signals) process.on(signal, () => tell(signal));
    const orphaned = watchParent(() => tell('SIGTERM'));
    pair.on('error', (error) => {
      process.stderr.write(`The pair cannot be started: ${error.message}\n`);
      resolve(1);
    });
    pair.on('exit', (code, signal) => {
      clearInterval(orphaned);
      // Killed without a chance to clean up: end what it left behind.
      if (signal) spawnSync(node, [main, 'clean', ...words], { env, stdio: 'inherit', timeout: 30_000 });
      if (temporary && code === 0) rmSync(temporary, { recursive: true, force: true });
      else if (temporary) process.stderr.write(`Logs and data are kept in ${temporary}\n`);
      resolve(code ?? 1);
    });
  });
}

/**
 * Without root: namespaces of the user's own, in which this user (no root, or sshd and PostgreSQL would refuse) may make
 * networks. A private /run is where `ip netns` keeps its names.
 */
function userNamespace() {
  const unshare = ['unshare', '--map-current-user', '--keep-caps', '-n', '-m', '--propagation', 'private'];
  const { status } = spawnSync(unshare[0], [...unshare.slice(1), 'true'], { stdio: 'ignore', timeout: 10_000 });
  if (status !== 0)
    throw new Fault(
      '--vip needs root, or a kernel that lets users make namespaces of their own; this one does not.',
      'Run it as root, or start without --vip.',
    );
  return [...unshare, 'sh', '-c', 'mount -t tmpfs -o mode=755 tmpfs /run && ip link set lo up && exec "$@"', 'sh'];
}

/** npm that was killed takes nobody with it: notice that it is gone. Anybody else may leave us alone on purpose. */
function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  // npm runs scripts through a shell, which stays when npm is killed: look at the shell's parent too.
  const ancestry = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const before = ancestry();
  const timer = setInterval(() => {
    if (ancestry() === before) return;
    clearInterval(timer);
    onGone();
  }, 1000);
  timer.unref();
  return timer;
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return '';
  }
}
