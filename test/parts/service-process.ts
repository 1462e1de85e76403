import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');

/** Bundles apps as `npm run build` does, into `<folder>/<name>/main.mjs`. */
export async function bundleApps(names: readonly string[], folder: string): Promise<void> {
  for (const name of names) {
    const args = [join(root, 'tools', 'bundle.mjs'), name, join(folder, name)];
    await promisify(execFile)(process.execPath, args, { cwd: join(root, 'apps', name) });
  }
}

export interface ServiceProcess {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  ended: Promise<number | null>;
  output(): string;
}

/** Runs a bundle with a configuration, as a supervisor would. Throws when there is none: nobody has to wait for what it would do. */
export function startServiceProcess(main: string, configFile: string): ServiceProcess {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8', main, '--config', configFile],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-200_000));
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const lastResort = () => void child.kill('SIGKILL');
  process.once('exit', lastResort);
  void ended.then(() => process.off('exit', lastResort));
  const end = async (signal: NodeJS.Signals) => {
    child.kill('SIGCONT');
    child.kill(signal);
    return ended;
  };
  return { kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM'), ended, output: () => said };
}
