import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
let configFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hs-platform-'));
  configFile = join(folder, 'node.yaml');
  await writeFile(configFile, config());
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'idle-service.ts'),
    platform: 'node',
    tsconfig: join(import.meta.dirname, '../../tsconfig.base.json'),
    resolve: { conditionNames: ['@hotstandby/source', 'node', 'import', 'default'] },
    external: [/^@nestjs\/(microservices|websockets|platform-express)/, /^@fastify\/(static|view)/, /^class-/],
    onLog: () => {},
  });
  await bundle.write({ dir: folder, format: 'esm', codeSplitting: false, entryFileNames: 'main.mjs' });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function config(extra = ''): string {
  return `cluster: c
node: { name: a, kind: primary, address: 127.0.0.1, dataDir: ${folder} }
peer: { name: b, address: 127.0.0.2 }
store: { url: postgresql://u@127.0.0.1:1/d }
nats: { url: nats://127.0.0.1:1, keysDir: ${folder} }
http: { collector: 0 }
${extra}`;
}

function run(options: { fault?: string; args?: string[]; env?: Record<string, string> } = {}) {
  const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...(options.args ?? ['--config', configFile])], {
    env: { PATH: process.env.PATH ?? '', FAULT: options.fault ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  if (options.fault !== 'chatty') child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as { code: number; signal: string });
  const says = (text: string) => expect.poll(() => out, { timeout: 10_000 }).toContain(text);
  return { child, ended, says, out: () => out, err: () => err };
}

describe('a service as a process', () => {
  it('helps, and refuses what it does not know', async () => {
    const help = run({ args: ['--help'] });
    expect(await help.ended).toEqual({ code: 0, signal: null });
    expect(help.out()).toContain('--config FILE');
    const wrong = run({ args: ['--config', configFile, '--profile=fast'] });
    expect(await wrong.ended).toEqual({ code: 78, signal: null });
    expect(wrong.err()).toContain("HS_USAGE Unknown option '--profile'");
  });

  it('starts, logs JSON and ends with 0 on SIGTERM', async () => {
    const { child, ended, says, out } = run();
    await says('runs');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
    const lines = out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; service: string });
    expect(lines.at(-1)).toMatchObject({ msg: 'collector has stopped', service: 'collector', node: 'a', cluster: 'c' });
  });

  it('takes its configuration from HOTSTANDBY_CONFIG as well', async () => {
    const { child, ended, says } = run({ args: [], env: { HOTSTANDBY_CONFIG: configFile } });
    await says('runs');
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('ends with 0 on SIGTERM while its start still waits', async () => {
    const { child, ended, says } = run({ fault: 'slow-start' });
    await says('waits');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('ends at once on the second signal when its stop hangs', async () => {
    const { child, ended, says } = run({ fault: 'slow-stop' });
    await says('runs');
    child.kill('SIGTERM');
    await says('stops');
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 143, signal: null });
  });

  it('gives up a stop that hangs, within five seconds', async () => {
    const { child, ended, says } = run({ fault: 'slow-stop' });
    await says('runs');
    const startedAt = Date.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 70, signal: null });
    expect(Date.now() - startedAt).toBeLessThan(6000);
  });

  it.each([
    ['coded', 78, 'HS_STORE_FOREIGN another cluster lives there; cure: '],
    ['temporary', 75, 'HS_DATA_LOCKED somebody else has it; cure: '],
  ])('says code and cure when it cannot start: %s', async (fault, code, text) => {
    const { ended, err } = run({ fault });
    expect(await ended).toEqual({ code, signal: null });
    expect(err()).toContain(text);
  });

  it.each([
    ['plain', 'out of the blue'],
    ['uncaught', 'nobody catches'],
    ['unhandled', 'nobody handles'],
  ])('dies loudly with 70 on a fault of the program: %s', async (fault, text) => {
    const { ended, out } = run({ fault });
    expect(await ended).toEqual({ code: 70, signal: null });
    expect(out()).toContain(text);
  });

  it('names every fault of the configuration on a line of its own and exits with 78', async () => {
    const broken = join(folder, 'broken.yaml');
    await writeFile(broken, `${config('profile: quick\n')}colour: red\n`);
    const { ended, err } = run({ args: [`--config=${broken}`] });
    expect(await ended).toEqual({ code: 78, signal: null });
    const lines = err().trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/HS_CONFIG_INVALID profile: expected .*; got "quick"; cure: /);
    expect(lines.join('\n')).toMatch(/HS_CONFIG_INVALID colour: expected a known field; got "colour"; cure: /);
  });

  it.each([[[]], [['--config', '/nonexistent/node.yaml']]])(
    'says that the configuration is missing: %j',
    async (args) => {
      const { ended, err } = run({ args });
      expect(await ended).toEqual({ code: 78, signal: null });
      expect(err()).toMatch(/^HS_CONFIG_MISSING \(the file\): expected .*; cure: .*--config/);
    },
  );

  it.each(['gone', 'stuck'])('goes on answering when the reader of its log is %s', async (reader) => {
    const port = await freePort();
    const file = join(folder, `${reader}.yaml`);
    await writeFile(file, config().replace('collector: 0', `collector: ${port}`));
    const { child, ended, err } = run({ fault: 'chatty', args: ['--config', file] });
    if (reader === 'gone') child.stdout.destroy();
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/health/ready`).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(answers, { timeout: 10_000 }).toBe(200);
    for (let again = 0; again < 50; again++) expect(await answers()).toBe(200);
    child.kill('SIGTERM');
    if (reader === 'stuck') child.once('exit', () => child.stdout.destroy());
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(err()).toBe('');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
