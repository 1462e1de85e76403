import path from 'node:path';
import { serviceNames } from '@hotstandby/contracts';
import { type Layout, type NodeName, nodeFolders, ports, sharedFolders } from './layout.ts';
import type { PartSpec } from './part.ts';

/** How a program is started on a node's network: nothing, or `['ip', 'netns', 'exec', NAME]`. */
export type Prefix = string[];

/** V8 would let what is young grow to 128 MiB before it looks for what is garbage. */
const nodeArgs = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

/** Blocks that are as large as frames are given back when they are free, and not cut up for smaller ones (glibc, mallopt(3)). */
const memoryEnv = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '61440' };

/**
 * What carries the grants goes before what carries the traffic: within its session, and the session before others (autogroups). Without the
 * right it runs as it is.
 */
const inFront = 'echo -7 2>/dev/null >/proc/self/autogroup; exec nice -n -7 "$@"';

/** A node's processes: its NATS server first, then its services. */
export function nodeParts(layout: Layout, node: NodeName, env: Record<string, string>, prefix: Prefix): PartSpec[] {
  const folders = nodeFolders(layout, node);
  const part = (name: string, command: string[]): PartSpec => {
    const [program = '', ...args] = [...prefix, ...command];
    const logFile = path.join(folders.logs, `${name}.log`);
    return {
      name: `${node}/${name}`,
      program,
      args,
      env: { ...memoryEnv, ...env },
      logFile,
      stopSignal: 'SIGTERM',
      cwd: folders.home,
    };
  };
  const service = (name: string) => path.join(layout.root, 'apps', name, 'bundle', 'main.mjs');
  return [
    part('nats-server', ['sh', '-c', inFront, 'sh', 'nats-server', '-c', folders.natsConfig]),
    ...serviceNames.map((name) =>
      part(name, [process.execPath, ...nodeArgs, service(name), '--config', folders.config]),
    ),
  ];
}

/** The SMTP server that catches the mails. */
export function mailPart(layout: Layout, main: string, env: Record<string, string>, prefix: Prefix): PartSpec {
  const shared = sharedFolders(layout);
  const options = { address: layout.addresses.store, port: ports.smtp, folder: shared.mails };
  const words: string[] = [...prefix, process.execPath, ...nodeArgs, main, 'mail-catcher', JSON.stringify(options)];
  const [program = '', ...args] = words;
  return { name: 'store/mail', program, args, env, logFile: path.join(shared.logs, 'mail.log'), stopSignal: 'SIGTERM' };
}
