import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** The `nats-server` of HOTSTANDBY_NATS_SERVER, the PATH or Debian's package; null when there is none. */
export function findNatsServer(): string | null {
  const given = process.env['HOTSTANDBY_NATS_SERVER'];
  if (given) return given;
  try {
    return execFileSync('sh', ['-c', 'command -v nats-server'], { encoding: 'utf8' }).trim();
  } catch {
    // An ordinary user's PATH has no sbin.
    return ['/usr/sbin/nats-server', '/usr/local/sbin/nats-server'].find((path) => existsSync(path)) ?? null;
  }
}

export interface NatsServer {
  pid(): number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Starts it again with the same configuration; resolves when it takes connections. */
  start(): Promise<void>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
  /** What it has said so far. */
  output(): string;
}

/** Starts a nats-server with a configuration file that listens on `address`:`port`; resolves when it takes connections. */
export async function startNatsServer(confFile: string, address: string, port: number): Promise<NatsServer> {
  const binary = findNatsServer();
  if (!binary)
    throw new Error('no nats-server here: apt-get install nats-server, or name one in HOTSTANDBY_NATS_SERVER');
  let child: ChildProcess | null = null;
  let said = '';
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.kill('SIGCONT');
    running.kill(signal);
    await gone;
  };
  const server: NatsServer = {
    pid: () => child?.pid ?? -1,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    output: () => said,
    async start() {
      const started = spawn(binary, ['-c', confFile], { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      const hear = (chunk: Buffer) => (said += chunk.toString());
      started.stdout.on('data', hear);
      started.stderr.on('data', hear);
      const deadline = Date.now() + 20_000;
      while (!(await accepts(address, port))) {
        if (started.exitCode !== null) throw new Error(`nats-server ended at once:\n${said}`);
        if (Date.now() > deadline) throw new Error(`nats-server takes no connections:\n${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
  await server.start();
  return server;
}

/** A TCP port that is free right now on this address. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    const done = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
