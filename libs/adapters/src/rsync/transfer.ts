import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import type { FileTransfer, Logger, TransferFault } from '@hotstandby/ports';
import { account } from './account.ts';
import { asFault, faultOf } from './faults.ts';
import { batches, includeRules } from './quoting.ts';
import { run, type Ended } from './run.ts';
import { SshServer } from './server.ts';
import { manifestName, sshConfig, sshdConfig } from './sshd-config.ts';
import { childEnvironment, findTools, mortal, searchPath, type Tools } from './tools.ts';

export interface RsyncTransferOptions {
  node: { address: string; dataDir: string };
  peer: { name: string; address: string };
  root: string;
  /** Where fetched files go: on the root's file system. */
  incomingDir: string;
  keysDir: string;
  sshPort: number;
  peerUser?: string | undefined;
  log: Logger;
  /** Folders to look for rsync, ssh and sshd in. */
  searchPath?: string[];
  /** A transfer that moves nothing for this long is given up. */
  idleLimitSeconds?: number;
  fetchLimitMs?: number;
}

/** Files over rsync and OpenSSH. Inert until first use; everything of its own is under `<dataDir>/file-sync`. */
export class RsyncTransfer implements FileTransfer {
  readonly #options: RsyncTransferOptions;
  readonly #runDir: string;
  readonly #servedDir: string;
  readonly #keysDir: string;
  readonly #root: string;

  constructor(options: RsyncTransferOptions) {
    this.#options = options;
    this.#runDir = resolve(options.node.dataDir, 'file-sync');
    this.#servedDir = join(this.#runDir, 'served');
    this.#keysDir = resolve(options.keysDir);
    this.#root = resolve(options.root);
  }

  async unable(): Promise<TransferFault | null> {
    try {
      await this.#tools();
      await account();
      return null;
    } catch (error) {
      return asFault(error);
    }
  }

  async serve(onFault: (fault: TransferFault | null) => void): Promise<{ stop(): Promise<void> }> {
    const { node, sshPort, log } = this.#options;
    const tools = await this.#tools();
    await mkdir(this.#servedDir, { recursive: true, mode: 0o700 });
    const configFile = join(this.#runDir, 'sshd_config');
    const pidFile = join(this.#runDir, 'sshd.pid');
    const config = sshdConfig({
      address: node.address,
      port: sshPort,
      keysDir: this.#keysDir,
      pidFile,
      account: await account(),
      rsync: tools.rsync,
      confine: await this.#canConfine(tools),
      servedDir: this.#servedDir,
      root: this.#root,
    });
    await replaceFile(configFile, config);
    const [command, args] = mortal(tools, tools.sshd, ['-D', '-e', '-f', configFile]);
    const where = `${node.address} port ${sshPort}`;
    const server = new SshServer(
      { command, args, env: childEnvironment(tools), configFile, pidFile, where },
      log,
      (fault) => onFault(fault ? asFault(fault) : null),
    );
    await server.start();
    return { stop: () => server.stop() };
  }

  async offer(manifest: string | null): Promise<void> {
    const file = join(this.#servedDir, manifestName);
    if (manifest === null) return await rm(file, { force: true });
    await mkdir(this.#servedDir, { recursive: true, mode: 0o700 });
    await replaceFile(file, manifest);
  }

  async manifest(hints: string[], signal: AbortSignal): Promise<string> {
    // One connection instead of two for a small change: most of its time goes into the handshake.
    const inbox = hints.length > 0 ? this.#options.incomingDir : join(this.#runDir, 'inbox');
    await mkdir(inbox, { recursive: true, mode: 0o700 });
    await rm(join(inbox, manifestName), { force: true });
    await this.#rsync(inbox, [manifestName, ...hints], hints.length > 0 ? this.#basis() : [], signal);
    const text = await readFile(join(inbox, manifestName), 'utf8').catch(() => null);
    if (text === null) throw new CodedError('HS_SYNC_STALE', `${this.#options.peer.name} offers no files now`);
    return text;
  }

  async fetch(
    paths: string[],
    signal: AbortSignal,
  ): Promise<{ transferredBytes: number; problem: TransferFault | null }> {
    const { incomingDir } = this.#options;
    await mkdir(incomingDir, { recursive: true, mode: 0o700 });
    let transferredBytes = 0;
    let problem: TransferFault | null = null;
    // Rules are compared one by one with every name: many short lists are faster than a long one.
    for (const part of batches(paths, 2000, 1_000_000)) {
      const ended = await this.#rsync(incomingDir, part, this.#basis(), signal);
      transferredBytes += Number(/Total bytes received: (\d+)/.exec(ended.stdout)?.[1] ?? 0);
      if (ended.exitCode === 23) problem = asFault(faultOf(11, ended.stderr, this.#options.peer.name));
    }
    return { transferredBytes, problem };
  }

  /** The present file is what only the changes are sent against; sizes and times alone are not believed. */
  #basis(): string[] {
    return ['--ignore-times', `--compare-dest=${this.#root}`];
  }

  /** Exactly these files of the peer into `target`. Exit codes 23 and 24 (some could not be sent) are left to the caller. */
  async #rsync(target: string, paths: string[], options: string[], signal: AbortSignal): Promise<Ended> {
    const { peer, sshPort, peerUser, idleLimitSeconds = 30, fetchLimitMs = 3_600_000 } = this.#options;
    const tools = await this.#tools();
    const user = peerUser ?? (await account()).name;
    await mkdir(this.#runDir, { recursive: true, mode: 0o700 });
    const config = sshConfig({ address: peer.address, port: sshPort, user, peer: peer.name, keysDir: this.#keysDir });
    await replaceFile(join(this.#runDir, 'ssh_config'), config);
    const fixed = [
      '--recursive',
      '--perms',
      '--times',
      '--omit-dir-times',
      '--chmod=Du+rwx,ug-s',
      '--stats',
      '--no-human-readable',
    ];
    const args = [
      ...fixed,
      `--timeout=${idleLimitSeconds}`,
      ...options,
      // rsync splits this one at spaces, so it holds no path: ssh is found in PATH, its configuration in the working folder.
      '--rsh=ssh -F ssh_config',
      '--from0',
      '--include-from=-',
      '--exclude=*',
      'peer:./',
      join(target, '/'),
    ];
    const [command, wrapped] = mortal(tools, tools.rsync, args);
    const ended = await run(command, wrapped, {
      cwd: this.#runDir,
      env: childEnvironment(tools),
      input: includeRules(paths).join('\0'),
      signal,
      limitMs: fetchLimitMs,
    }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new CodedError('HS_SYNC_UNREACHABLE', `the transfer was given up: ${String(error)}`, { cause: error });
    });
    if (ended.exitCode === 0 || ended.exitCode === 23 || ended.exitCode === 24) {
      if (/No space left on device|Disk quota exceeded/.test(ended.stderr)) throw faultOf(11, ended.stderr, peer.name);
      return ended;
    }
    throw faultOf(ended.exitCode, ended.stderr, peer.name);
  }

  #tools(): Promise<Tools> {
    return findTools(this.#options.searchPath ?? searchPath());
  }

  /** Whether rsync knows `--confine-root`, which keeps a client's filter rules inside the root. */
  async #canConfine(tools: Tools): Promise<boolean> {
    const env = childEnvironment(tools);
    const signal = new AbortController().signal;
    const help = await run(tools.rsync, ['--help'], { cwd: '/', env, input: '', signal, limitMs: 5000 }).catch(
      () => null,
    );
    return help?.stdout.includes('--confine-root') ?? false;
  }
}

async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
