import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '@hotstandby/adapters/pki';
import { makeWorkloadCheck } from '@hotstandby/adapters/workload-checks';
import { parseConfig } from '@hotstandby/config';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { eventually } from '../parts/eventually.ts';

// The checks of the managed application against real ports, servers and processes.
const folder = mkdtempSync(join(tmpdir(), 'hotstandby-workload-'));
const servers: Server[] = [];
const sockets: Socket[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = parse(readFileSync(join(import.meta.dirname, '../../examples/node.yaml'), 'utf8')) as object;
const configured = (...checks: object[]) => parseConfig(stringify({ ...example, workload: { checks } }));

/** As the configuration has it, its defaults filled in. */
function check(given: object) {
  const result = configured({ name: 'it', ...given });
  const [config] = result.ok ? result.config.workload.checks : [];
  if (!config) throw new Error(JSON.stringify(result));
  return makeWorkloadCheck(config);
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('tcp', () => {
  it('is content with a port that takes the connection, and closes it', async () => {
    const server = createServer();
    const ended = new Promise<boolean>((resolve) =>
      server.on('connection', (socket) => socket.on('close', () => resolve(true)).resume()),
    );
    const port = await listening(server);
    expect(await check({ kind: 'tcp', port }).look()).toEqual({ well: true, what: `port ${port} answers` });
    expect(await ended).toBe(true);
  });

  it('tells a refused connection, an unknown host and silence apart', async () => {
    const port = await freePort();
    expect(await check({ kind: 'tcp', port }).look()).toEqual({
      well: false,
      what: `port ${port}: connection refused`,
    });
    const nowhere = check({ kind: 'tcp', port, host: 'no-such-host.invalid', timeoutMs: 30_000 });
    expect((await nowhere.look()).well).toBe(false);
    // Of RFC 5737: nobody answers.
    const silent = await check({ kind: 'tcp', port, host: '192.0.2.1', timeoutMs: 100 }).look();
    expect(silent).toMatchObject({ well: false });
  });
});

describe('http', () => {
  const answering = (listener: RequestListener) => listening(createHttp(listener));

  it.each<[number, number[], boolean]>([
    [200, [], true],
    [302, [], true],
    [404, [], false],
    [500, [], false],
    [401, [401], true],
    [200, [401], false],
  ])('takes %i where %j is wanted: %s', async (status, statuses, well) => {
    const port = await answering((_, response) => response.writeHead(status, { location: '/' }).end('x'.repeat(1e6)));
    const url = `http://127.0.0.1:${port}/health?deep=1`;
    expect(await check({ kind: 'http', url, statuses }).look()).toEqual({ well, what: `answers ${status}` });
  });

  it('gives up on a server that takes the request and says nothing, and can be told to', async () => {
    const port = await answering(() => {});
    const url = `http://127.0.0.1:${port}/`;
    const hangs = { well: false, what: 'no answer within 100 ms' };
    expect(await check({ kind: 'http', url, timeoutMs: 100 }).look()).toEqual(hangs);
    const patient = check({ kind: 'http', url, timeoutMs: 60_000 });
    const look = patient.look();
    patient.close();
    expect(await look).toEqual({ well: false, what: 'given up' });
  });

  it('tells a port without a server, and one that speaks something else', async () => {
    const port = await freePort();
    expect(await check({ kind: 'http', url: `http://127.0.0.1:${port}/` }).look()).toEqual({
      well: false,
      what: 'connection refused',
    });
    const other = createServer((socket) => socket.end('220 mail ready\r\n'));
    const mail = await listening(other);
    expect((await check({ kind: 'http', url: `http://127.0.0.1:${mail}/` }).look()).well).toBe(false);
  });

  it('verifies the certificate, by a CA of its own or not at all when it is told so', async () => {
    const authority = await makeAuthority('test', Date.now());
    const { certificatePem, keyPem } = await authority.issue('app', ['127.0.0.1']);
    const port = await listening(
      createHttps({ cert: certificatePem, key: keyPem }, (_, response) => response.end('fine')),
    );
    const url = `https://127.0.0.1:${port}/`;
    expect(await check({ kind: 'http', url }).look()).toMatchObject({ well: false });
    const good = { well: true, what: 'answers 200' };
    const caFile = file('ca.pem', authority.certificatePem);
    expect(await check({ kind: 'http', url, caFile }).look()).toEqual(good);
    expect(await check({ kind: 'http', url, verifyCertificate: false }).look()).toEqual(good);
    expect(await check({ kind: 'http', url, caFile: join(folder, 'none.pem') }).look()).toEqual({
      well: false,
      what: 'no such file',
    });
  });
});

describe('process', () => {
  const sleeping = (): ChildProcess => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    return child;
  };

  it('sees it run, and end', async () => {
    const { pid } = sleeping();
    const one = check({ kind: 'process', pidFile: file('app.pid', `${pid}\n`) });
    expect(await one.look()).toEqual({ well: true, what: `process ${pid} runs` });
    children.at(-1)?.kill('SIGKILL');
    await eventually(async () => (await one.look()).what === `process ${pid} is gone`, 5000, 'its end');
  });

  it('does not take a zombie for a process', async () => {
    const keeper = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(keeper);
    const pid = Number(await new Promise((resolve) => keeper.stdout.once('data', resolve)));
    const one = check({ kind: 'process', pidFile: file('zombie.pid', `${pid}`) });
    expect((await one.look()).well).toBe(true);
    // The shell became a `sleep`, which waits for nobody: its child stays a zombie.
    process.kill(pid, 'SIGKILL');
    await eventually(async () => !(await one.look()).well, 5000, 'the zombie is seen as one');
  });

  it.each([
    ['', 'no process id in it'],
    ['-1', 'no process id in it'],
    ['0', 'no process id in it'],
    ['many', 'no process id in it'],
    ['999999999', 'process 999999999 is gone'],
  ])('is not content with %j in the file', async (text, what) => {
    const { well, what: told } = await check({ kind: 'process', pidFile: file('bad.pid', text) }).look();
    expect(well).toBe(false);
    expect(told).toContain(what);
  });

  it('follows a file that is written anew, and misses one that is not there', async () => {
    const pidFile = file('moving.pid', `${sleeping().pid}`);
    const one = check({ kind: 'process', pidFile });
    expect((await one.look()).well).toBe(true);
    const { pid } = sleeping();
    writeFileSync(pidFile, `${pid}`);
    utimesSync(pidFile, 2_000_000_000, 2_000_000_000);
    expect(await one.look()).toEqual({ well: true, what: `process ${pid} runs` });
    rmSync(pidFile);
    expect(await one.look()).toEqual({ well: false, what: `${pidFile}: no such file` });
  });
});

describe('program', () => {
  it.each<[string[], boolean, string]>([
    [['/bin/true'], true, 'exit code 0'],
    [['/bin/false'], false, 'exit code 1'],
    [['/bin/sh', '-c', 'echo 3 of 5 pollers; echo more; exit 2'], false, '3 of 5 pollers'],
    [['/bin/echo', '$(id); `id`'], true, '$(id); `id`'],
    [['/no/such/program'], false, '/no/such/program: no such file'],
    [['/bin/sh', '-c', 'kill -9 $$'], false, 'ended by SIGKILL'],
  ])('%j', async (command, well, what) => {
    expect(await check({ kind: 'program', command, timeoutMs: 20_000 }).look()).toEqual({ well, what });
  });

  it('hands on nothing of its own environment but the path', async () => {
    process.env['HOTSTANDBY_TEST_SECRET'] = 'hidden';
    const { what } = await check({ kind: 'program', command: ['/usr/bin/env'], timeoutMs: 20_000 }).look();
    delete process.env['HOTSTANDBY_TEST_SECRET'];
    expect(what).toMatch(/^(PATH|LANG)=/);
    const all = ['/bin/sh', '-c', 'env | grep -c HOTSTANDBY'];
    expect((await check({ kind: 'program', command: all, timeoutMs: 20_000 }).look()).what).toBe('0');
  });

  it('ends one that takes too long, with all that it started', async () => {
    const pidFile = join(folder, 'child.pid');
    const command = ['/bin/sh', '-c', `sleep 60 & echo $! > ${pidFile}; wait`];
    const looked = await check({ kind: 'program', command, timeoutMs: 500 }).look();
    expect(looked).toEqual({ well: false, what: 'no answer within 500 ms' });
    await eventually(
      async () => !(await check({ kind: 'process', pidFile }).look()).well,
      5000,
      'the end of its child',
    );
  });
});

it.each<[string, object[], string, string]>([
  [
    'a name twice',
    [
      { kind: 'tcp', name: 'x', port: 1 },
      { kind: 'tcp', name: 'x', port: 2 },
    ],
    'workload.checks.1.name',
    'no other check',
  ],
  ['an unknown kind', [{ kind: 'ping', name: 'x' }], 'workload.checks.0.kind', 'tcp'],
  [
    'a URL with a user',
    [{ kind: 'http', name: 'x', url: 'http://eve:secret@host/' }],
    'workload.checks.0.url',
    'without a user',
  ],
  ['a URL of another kind', [{ kind: 'http', name: 'x', url: 'ftp://host/' }], 'workload.checks.0.url', 'http://'],
  [
    'a relative program',
    [{ kind: 'program', name: 'x', command: ['check.sh'] }],
    'workload.checks.0.command.0',
    'whole path',
  ],
  ['no program', [{ kind: 'program', name: 'x', command: [] }], 'workload.checks.0.command.0', 'whole path'],
  [
    'a shell line',
    [{ kind: 'program', name: 'x', command: '/bin/check && true' }],
    'workload.checks.0.command',
    'a list',
  ],
  ['a busy loop', [{ kind: 'process', name: 'x', pidFile: 'p', everyMs: 1 }], 'workload.checks.0.everyMs', '50'],
  [
    'a time limit where there is none',
    [{ kind: 'process', name: 'x', pidFile: 'p', timeoutMs: 5 }],
    'workload.checks.0.timeoutMs',
    'known field',
  ],
])('refuses %s', (_, checks, field, expected) => {
  expect(configured(...checks)).toMatchObject({
    ok: false,
    faults: [{ code: 'HS_CONFIG_INVALID', field, expected: expect.stringContaining(expected) }],
  });
});
