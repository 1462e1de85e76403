import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSshKeys } from '@hotstandby/adapters/rsync';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePair } from './pair.ts';

// What somebody who has the standby's key can and cannot do at the active's door.

let pair: Awaited<ReturnType<typeof makePair>>;
let server: { stop(): Promise<void> };
let outside: string;
const never = new AbortController().signal;

beforeAll(async () => {
  pair = await makePair();
  outside = join(pair.folder, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'of nobody else');
  await pair.a.write('inside', 'to be had');
  await symlink(outside, join(pair.a.root, 'way out'));
  await symlink(join(outside, 'secret'), join(pair.a.root, 'secret'));
  const faults: unknown[] = [];
  server = await pair.a.transfer.serve((fault) => fault && faults.push(fault));
  expect(faults).toEqual([]);
  await pair.a.transfer.offer('{}');
  // Makes b's ssh_config.
  expect(await pair.b.transfer.manifest([], never)).toBe('{}');
});
afterAll(async () => {
  await server?.stop();
  await pair.end();
});

interface Tried {
  exitCode: number;
  stdout: string;
  stderr: string;
}
function tried(command: string, args: string[], input = ''): Promise<Tried> {
  return new Promise((resolve) => {
    const cwd = join(pair.b.folder, 'data/file-sync');
    const child = execFile(command, args, { cwd, timeout: 15_000 }, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
const ssh = (...args: string[]) => tried('ssh', ['-F', 'ssh_config', ...args]);
const rsync = (...args: string[]) => tried('rsync', ['--rsh=ssh -F ssh_config', '--timeout=5', ...args]);

it('gives no shell, no command and no terminal', async () => {
  const commands = [['peer', 'id; touch ' + join(outside, 'made')], ['-tt', 'peer'], ['peer', 'cat', join(outside, 'secret')]]; // prettier-ignore
  for (const command of commands) {
    const { stdout } = await ssh(...command);
    expect(stdout).not.toMatch(/uid=|of nobody else|\$ $/);
  }
  expect(await readdir(outside)).toEqual(['secret']);
});

it('gives no file transfer protocol of its own and forwards nothing', async () => {
  expect((await ssh('-s', 'peer', 'sftp')).stdout).not.toContain('sftp');
  const forward = await ssh('-o', 'ClearAllForwardings=no', '-W', `${pair.a.address}:${pair.sshPort}`, 'peer');
  expect(forward.exitCode).not.toBe(0);
  expect(forward.stdout).not.toContain('SSH-2.0');
  expect(forward.stderr).toMatch(/prohibited|refused|failed/);
});

it('lets nothing be written', async () => {
  await writeFile(join(pair.b.folder, 'intruder'), 'x');
  for (const where of ['peer:./', `peer:${pair.a.root}/`, `peer:${outside}/`]) {
    const { exitCode } = await rsync('-r', join(pair.b.folder, 'intruder'), where);
    expect(exitCode, where).not.toBe(0);
  }
  await rsync('-r', '--remove-source-files', 'peer:./', join(pair.b.folder, 'stolen/'));
  expect(await readFile(join(pair.a.root, 'inside'), 'utf8')).toBe('to be had');
  expect((await readdir(pair.a.root)).sort()).toEqual(['inside', 'secret', 'way out']);
  expect(await readdir(outside)).toEqual(['secret']);
});

it('lets nothing outside the root be read, whatever is asked for and whatever links lead there', async () => {
  const target = join(pair.b.folder, 'got/');
  const asks = [
    ['-r', `peer:${outside}/`],
    ['-r', 'peer:../../outside/'],
    ['-rlL', 'peer:./'],
    ['-r', '--copy-unsafe-links', 'peer:./'],
    ['-rk', '--copy-dirlinks', 'peer:way out/'],
    ['-r', '--trust-sender', `peer:${outside}/`],
    // A merge file that the server is told to read as rules would come back in its complaint.
    ['-r', `--filter=: ${outside}/secret`, 'peer:./'],
    ['-r', `--filter=:- ${outside}/secret`, 'peer:./'],
  ];
  for (const ask of asks) {
    await rm(target, { recursive: true, force: true });
    const { stdout, stderr } = await rsync(...ask, target);
    expect(`${stdout}${stderr}`, ask.join(' ')).not.toContain('of nobody else');
    const got = await readdir(target, { recursive: true }).catch(() => []);
    for (const path of got) {
      const text = await readFile(join(target, path), 'utf8').catch(() => '');
      expect(text, `${ask.join(' ')} gave ${path}`).not.toContain('of nobody else');
    }
  }
});

it('refuses another key, and is itself refused with another host key', async () => {
  const strangers = makeSshKeys(['a', 'b']);
  const keysDir = join(pair.folder, 'stranger');
  await mkdir(keysDir);
  const write = async (name: string, mode: number) => {
    const file = strangers['b']?.find((one) => one.path.endsWith(`/${name}`));
    await writeFile(join(keysDir, name), file?.content ?? '', { mode });
  };
  const own = async (name: string, mode: number) =>
    await writeFile(join(keysDir, name), await readFile(join(pair.b.keysDir, name)), { mode });
  const node = { address: pair.b.address, dataDir: join(pair.folder, 'stranger-data') };
  const stranger = pair.b.transferWith({ keysDir, node });

  await write('id', 0o600);
  await own('known_hosts', 0o644);
  await expect(stranger.manifest([], never)).rejects.toMatchObject({ code: 'HS_SYNC_REFUSED' });

  await rm(join(keysDir, 'id'));
  await own('id', 0o600);
  expect(await stranger.manifest([], never)).toBe('{}');
  await write('known_hosts', 0o644);
  await expect(stranger.manifest([], never)).rejects.toMatchObject({
    code: 'HS_SYNC_REFUSED',
    message: expect.stringContaining('host key') as string,
  });
});
