import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild } from '../parts/end-child.ts';

const appFolder = fileURLToPath(new URL('../../apps/collector', import.meta.url));

/** Bundles the app as it is delivered. */
export function bundleCollector(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../tools/bundle.mjs', import.meta.url)), 'collector'], {
    cwd: appFolder,
    stdio: 'pipe',
  });
}

export interface CollectorProcess {
  pid(): number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  ended(): boolean;
  output(): string;
}

/** As a pair starts its services. */
export const serviceEnv = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '61440' };
export const serviceFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

/** Starts the service with a configuration of this text. */
export async function startCollector(
  dir: string,
  configText: string,
  nodeFlags: string[] = serviceFlags,
): Promise<CollectorProcess> {
  const file = join(dir, 'node.yaml');
  await writeFile(file, configText);
  const child: ChildProcess = spawn(
    process.execPath,
    [...nodeFlags, join(appFolder, 'bundle', 'main.mjs'), '--config', file],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...serviceEnv },
    },
  );
  let said = '';
  const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-200_000));
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const end = async (signal: NodeJS.Signals) => {
    await endChild(child, signal);
    return child.exitCode;
  };
  return {
    pid: () => child.pid ?? -1,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    ended: () => child.exitCode !== null || child.signalCode !== null,
    output: () => said,
  };
}
