import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ReadyIp } from './ready-ip.ts';

let folder = '';
let ready: ReadyIp | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hs-ready-'));
});
afterEach(() => {
  ready?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Stands for `ip`: writes down each command with how it came, and fails on demand as `ip -batch` does. */
function program(): string {
  const path = join(folder, 'ip');
  const script = `#!/bin/sh
cd '${folder}'
if [ "$1" = -batch ]; then
  echo $$ > waiting
  read -r line || { touch ended; exit 0; }
  how=waited
else
  line=$*
  how=started
fi
case $line in
  die*) kill -KILL $$ ;;
  hang*) exec sleep 60 ;;
  fail*) echo 'Error: ipv4: Address already assigned.' >&2; [ $how = waited ] && echo 'Command failed -:1' >&2; exit 1 ;;
esac
echo "$how $line" >> done
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const lines = () =>
  (existsSync(join(folder, 'done')) ? readFileSync(join(folder, 'done'), 'utf8').trim() : '').split('\n');

/** The process that waits now, which is another one than `before`. */
async function waitingPid(before = 0): Promise<number> {
  for (const endMs = performance.now() + 10_000; performance.now() < endMs;) {
    const pid = existsSync(join(folder, 'waiting')) ? Number(readFileSync(join(folder, 'waiting'), 'utf8')) : 0;
    if (pid > 0 && pid !== before) return pid;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('no process waits');
}

it('gives the command to the process that waits, and prepares the next one', async () => {
  ready = new ReadyIp(program());
  const first = await waitingPid();
  expect(await ready.run(['address', 'add', '192.0.2.1/32', 'dev', 'eth0.7'], 5000)).toMatchObject({ exitCode: 0 });
  await waitingPid(first);
  await ready.run(['address', 'del', '2001:db8::1/128'], 5000);
  expect(lines()).toEqual(['waited address add 192.0.2.1/32 dev eth0.7', 'waited address del 2001:db8::1/128']);
});

it('starts one when none waits, or when a word would mean something to it', async () => {
  ready = new ReadyIp(program());
  const pid = await waitingPid();
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  await ready.run(['one'], 5000);
  await ready.run(['two', 'eth0 broadcast'], 5000);
  expect(lines()).toEqual(['started one', 'started two eth0 broadcast']);
});

it('tells a refusal without the word about its line', async () => {
  ready = new ReadyIp(program());
  await waitingPid();
  const { exitCode, stderr } = await ready.run(['fail'], 5000);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'Error: ipv4: Address already assigned.\n' });
});

it('says of one that died or hangs that it is not done', async () => {
  ready = new ReadyIp(program());
  const first = await waitingPid();
  expect(await ready.run(['die'], 5000)).toMatchObject({ exitCode: null });
  await waitingPid(first);
  expect(await ready.run(['hang'], 100)).toMatchObject({ exitCode: null, stderr: 'no end within 100 ms' });
});

it('leaves no process behind', async () => {
  ready = new ReadyIp(program());
  const pid = await waitingPid();
  ready.close();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});
