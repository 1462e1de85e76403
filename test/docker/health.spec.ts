import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { freePort, startNatsServer } from '../parts/nats-server.ts';
import { dockerFolder } from './compose.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-health-'));
const file = join(folder, 'http');
let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  rmSync(file, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A service that answers like this, its address in the file. */
async function serve(answer: RequestListener): Promise<void> {
  const made = createServer(answer);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  writeFileSync(file, `http://127.0.0.1:${(made.address() as AddressInfo).port}\n`);
}

async function run(program: string, args: string[], env: Record<string, string>) {
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 20_000 });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

const check = (...args: string[]) =>
  run(process.execPath, [join(dockerFolder, 'health.mjs'), ...args], { HOTSTANDBY_HTTP_FILE: file });

it('is healthy when the service answers, a standby too: it asks for life, not for the role', async () => {
  const asked: string[] = [];
  await serve((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(request.url === '/health/live' ? 200 : 503).end('{}');
  });
  expect((await check()).code).toBe(0);
  expect((await check('ready')).code).toBe(1);
  expect(asked).toEqual(['/health/live', '/health/ready']);
});

it('is unhealthy when the service hangs, has gone, or never listened', async () => {
  await serve(() => {});
  expect(await check()).toMatchObject({ code: 1, said: expect.stringMatching(/timeout/i) });
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  expect(await check()).toMatchObject({ code: 1, said: expect.stringContaining('ECONNREFUSED') });
  rmSync(file);
  expect(await check()).toMatchObject({ code: 1, said: expect.stringContaining('ENOENT') });
});

/** The Alpine image of NATS has BusyBox's nc; other ncs differ in their options. */
function busybox(): string | null {
  try {
    return execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

const box = busybox();
it.skipIf(box === null)('is healthy as long as the NATS server greets (with BusyBox)', async () => {
  const port = await freePort('127.0.0.1');
  const conf = join(folder, 'nats.conf');
  writeFileSync(conf, `listen: "127.0.0.1:${port}"\n`);
  const tools = join(folder, 'bin');
  mkdirSync(tools);
  for (const tool of ['sh', 'sed', 'timeout', 'nc', 'grep']) symlinkSync(box ?? '', join(tools, tool));
  const ask = () => run(join(tools, 'sh'), [join(dockerFolder, 'nats-health.sh'), conf], { PATH: tools });
  const nats = await startNatsServer(conf, '127.0.0.1', port);
  try {
    expect(await ask()).toEqual({ code: 0, said: '' });
    nats.freeze();
    expect((await ask()).code).toBe(1);
  } finally {
    await nats.stop();
  }
  expect((await ask()).code).toBe(1);
});
