import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileTransfer } from '@hotstandby/ports';
import { afterEach, expect, it } from 'vitest';
import { makePair, until, type TestNode } from './pair.ts';

let pair: Awaited<ReturnType<typeof makePair>>;
const after: (() => unknown)[] = [];
afterEach(async () => {
  await pair.end(after.splice(0));
});

const answers = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => resolve(false)).on('connect', () => socket.destroy());
  });

it('says once that the active does not answer, and goes on when it does', async () => {
  pair = await makePair({ intervalSeconds: 1 });
  const { a, b } = pair;
  await a.write('x', '1');
  await b.service.start();
  pair.reign(a, 1);
  await until('an event', () => b.events('sync.failed').length > 0, 40_000);
  expect(b.service.report()).toMatchObject({ health: 'degraded' });
  expect(b.events('sync.failed')[0]).toMatchObject({ code: 'HS_SYNC_UNREACHABLE' });
  await a.service.start();
  pair.reign(a, 1);
  await until('the file', () => b.read('x'), 40_000);
  await until('health', () => b.service.report().health === 'ok');
  expect(b.events('sync.failed')).toHaveLength(1);
});

it('says what is missing when there is no rsync, and works when it has come', async () => {
  pair = await makePair();
  const { a, b } = pair;
  const empty = join(pair.folder, 'empty');
  await mkdir(empty);
  const without = b.transferWith({ searchPath: [empty] });
  b.makeService({ transfer: without });
  await pair.start();
  pair.reign(a, 1);
  await until('a report', () => b.service.report().summary.includes('HS_SYNC_TOOL'));
  expect(b.service.report().summary).toContain('Install rsync');
  expect(b.events('sync.failed').every((event) => event['code'] === 'HS_SYNC_TOOL')).toBe(true);
});

it('starts sshd again when it dies, and ends what a killed run left behind', async () => {
  pair = await makePair();
  const { a, b } = pair;
  await a.write('x', '1');
  await pair.start();
  pair.reign(a, 1);
  await until('the file', () => b.read('x'));
  const pidFile = join(a.folder, 'data/file-sync/sshd.pid');
  const pid = async () => Number((await readFile(pidFile, 'utf8').catch(() => '0')).trim());
  const first = await until('a pid', pid);
  process.kill(first, 'SIGKILL');
  await until('another sshd', async () => (await pid()) !== first && (await answers(a.address, pair.sshPort)));
  await a.write('y', '1');
  await until('the next file', () => b.read('y'));

  // A second server on the same folder takes the place of the first, as after a SIGKILL of the whole service.
  const second = await pid();
  const faults: string[] = [];
  await a.service.stop();
  const left = spawn('/usr/sbin/sshd', ['-D', '-f', join(a.folder, 'data/file-sync/sshd_config')], { stdio: 'ignore' });
  after.push(() => left.kill('SIGKILL'));
  await until('the left one', async () => (await pid()) === left.pid && (await answers(a.address, pair.sshPort)));
  const server = await a.transfer.serve((fault) => fault && faults.push(fault.code));
  after.push(() => server.stop());
  await until('its end', () => left.exitCode !== null || left.signalCode !== null);
  expect(faults).toEqual([]);
  expect(await pid()).not.toBe(second);
  expect(await answers(a.address, pair.sshPort)).toBe(true);
  await server.stop();
  expect(await answers(a.address, pair.sshPort)).toBe(false);
});

it('takes sshd along when the process that serves is killed', async () => {
  pair = await makePair();
  const { a } = pair;
  const script = fileURLToPath(new URL('serve-alone.ts', import.meta.url));
  const settings = { address: a.address, dataDir: join(a.folder, 'data'), root: a.root, keysDir: a.keysDir, sshPort: pair.sshPort }; // prettier-ignore
  const child = spawn(process.execPath, ['--conditions=@hotstandby/source', script, JSON.stringify(settings)], { stdio: 'inherit' }); // prettier-ignore
  after.push(() => child.kill('SIGKILL'));
  await until('its sshd', () => answers(a.address, pair.sshPort));
  child.kill('SIGKILL');
  await until('the end of its sshd', async () => !(await answers(a.address, pair.sshPort)));
});

it('goes on after it was killed in the middle of a transfer, and after every single step', async () => {
  pair = await makePair({ intervalSeconds: 1 });
  const { a, b } = pair;
  const content = (path: string) => path.repeat(50_000);
  const names = Array.from({ length: 20 }, (_, index) => `file ${index}`);
  for (const path of names) await a.write(path, content(path));
  await b.write('file 3', 'edited here');
  await pair.start();
  pair.reign(a, 1);
  // The standby's service is stopped as soon as fetched files appear, and a new one goes on.
  await until('fetched files', async () => (await fetched(b)).length > 0);
  await b.service.stop();
  b.makeService();
  // Then one whose every step fails after the one before succeeded.
  let allowed = 0;
  let steps = 0;
  const failing = Object.assign(Object.create(b.tree) as typeof b.tree, {
    scan: b.tree.scan.bind(b.tree),
    verify: b.tree.verify.bind(b.tree),
    clear: b.tree.clear.bind(b.tree),
    watch: b.tree.watch.bind(b.tree),
    freeBytes: b.tree.freeBytes.bind(b.tree),
    apply: async (...args: Parameters<typeof b.tree.apply>) => {
      if (steps++ >= allowed) {
        steps = 0;
        allowed = 5;
        throw new Error('cut off');
      }
      await b.tree.apply(...args);
    },
  });
  b.makeService({ tree: failing });
  await b.service.start();
  pair.reign(a, 1);
  await until('all', async () => (await Promise.all(names.map((path) => b.read(path)))).every((text, index) => text === content(names[index] ?? '')), 60_000); // prettier-ignore
  await until('the conflict', () => b.events('sync.conflict').length > 0);
  expect(b.events('sync.conflict')).toHaveLength(1);
  expect(await b.read(String(b.events('sync.conflict')[0]?.['keptAs']))).toBe('edited here');
  await until('an empty staging folder', async () => (await fetched(b)).length === 0);
});

it('never writes or removes through a link that was put in the way', async () => {
  pair = await makePair();
  const { a, b } = pair;
  const outside = join(pair.folder, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'passwd'), 'precious');
  await symlink(outside, join(b.root, 'etc'));
  await symlink(join(outside, 'passwd'), join(b.root, 'file'));
  await a.write('etc/passwd', 'from a');
  await a.write('etc/new', 'from a');
  await a.write('file', 'from a');
  await pair.start();
  pair.reign(a, 1);
  await until('the files', async () => (await b.read('etc/new')) && (await b.read('file')) === 'from a');
  expect(await b.read('etc/passwd')).toBe('from a');
  expect(await readdir(outside)).toEqual(['passwd']);
  expect(await readFile(join(outside, 'passwd'), 'utf8')).toBe('precious');
  await until('both links kept', () => b.events('sync.conflict').length === 2);
  const links = await Promise.all(
    b.events('sync.conflict').map((event) => readlink(join(b.root, String(event['keptAs'])))),
  );
  expect(links.sort()).toEqual([outside, join(outside, 'passwd')]);
});

it('changes nothing when a manifest names a path outside the root, or lies about a digest', async () => {
  pair = await makePair({ intervalSeconds: 1 });
  const { a, b } = pair;
  await a.write('good', '1');
  const lie = (change: (text: string) => string): FileTransfer => ({
    unable: () => a.transfer.unable(),
    serve: (onFault) => a.transfer.serve(onFault),
    offer: (text) => a.transfer.offer(text === null ? null : change(text)),
    manifest: (hints, signal) => a.transfer.manifest(hints, signal),
    fetch: (paths, signal) => a.transfer.fetch(paths, signal),
  });
  a.makeService({ transfer: lie((text) => text.replace('"good"', '"../good"')) });
  await pair.start();
  pair.reign(a, 1);
  await until('a refusal', () => b.events('sync.failed').some((event) => event['code'] === 'HS_SYNC_PATH'));
  expect(await readdir(b.folder)).not.toContain('good');
  await a.service.stop();
  a.makeService({ transfer: lie((text) => text.replace(/"digest":"[0-9a-f]{64}"/, `"digest":"${'0'.repeat(64)}"`)) });
  await a.service.start();
  pair.reign(a, 2);
  await until('a fault', () => b.service.report().summary.includes('HS_SYNC_DIGEST'), 30_000);
  expect(await b.read('good')).toBeNull();
});

it('does not empty the standby because the folder of the active is suddenly empty', async () => {
  pair = await makePair();
  const { a, b } = pair;
  for (let index = 0; index < 12; index++) await a.write(`d/${index}`, 'x');
  await pair.start();
  pair.reign(a, 1);
  await until('all', () => b.service.report().detail['files'] === 12);
  await rename(join(a.root, 'd'), join(a.folder, 'elsewhere'));
  await until('a refusal', () => b.events('sync.failed').some((event) => event['code'] === 'HS_SYNC_EMPTY'));
  expect(await readdir(join(b.root, 'd'))).toHaveLength(12);
});

it('changes nothing when the disk is too full, and goes on when there is room', async (test) => {
  pair = await makePair({ intervalSeconds: 1 });
  const { a, b } = pair;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', b.root], { stdio: 'pipe' });
  } catch (error) {
    return test.skip(`no file system can be mounted here (needs root): ${String(error).split('\n')[0]}`);
  }
  after.push(() => execFileSync('umount', ['-l', b.root]));
  // Its staging folder is inside now: the root is a file system of its own.
  await b.prepare();
  await b.write('small', 'old');
  await b.write('ballast', 'x'.repeat(8_000_000));
  await a.write('small', 'new');
  await a.write('big', 'y'.repeat(6_000_000));
  await pair.start();
  pair.reign(a, 1);
  await until('a refusal', () => b.events('sync.failed').some((event) => event['code'] === 'HS_SYNC_SPACE'));
  expect(await b.read('small')).toBe('old');
  expect(await b.read('big')).toBeNull();
  await b.write('ballast', '');
  await until('room used', async () => (await b.read('big'))?.length === 6_000_000 && (await b.read('small')) === 'new', 40_000); // prettier-ignore
  await until('health', () => b.service.report().health === 'ok');
});

async function fetched(node: TestNode): Promise<string[]> {
  return await readdir(join(node.folder, '.files.hotstandby-sync/incoming')).catch(() => []);
}
