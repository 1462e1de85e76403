import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '@hotstandby/contracts';
import { DataLock } from '../../tools/pair/src/lock.ts';
import { checkSockets } from '../../tools/pair/src/sockets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hs-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const faultOf = (run: () => unknown): CodedError => {
  try {
    run();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error('was not refused');
};

/** Another process that holds the lock until it is killed. */
async function otherHolder() {
  const script = `
    import { DataLock } from ${JSON.stringify(path.resolve('tools/pair/src/lock.ts'))};
    const lock = new DataLock(${JSON.stringify(folder)});
    lock.announce({ pid: process.pid, data: ${JSON.stringify(folder)}, consoles: ['http://127.0.0.11:8080'] });
    console.log('held');
    setInterval(() => lock, 1000);`;
  const args = ['--conditions=@hotstandby/source', '--input-type=module-typescript', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([
    new Promise<void>((resolve) => child.stdout.once('data', () => resolve())),
    gone.then(() => Promise.reject(new Error('the other holder ended'))),
  ]);
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe('the lock on the data folder', () => {
  it('refuses a second launcher with the address of the first, and ends with the process that held it', async () => {
    const other = await otherHolder();
    const fault = faultOf(() => new DataLock(folder));
    expect(fault.code).toBe('HS_DATA_LOCKED');
    expect(fault.message).toContain('http://127.0.0.11:8080');
    expect(fault.message).toContain(`process ${other.pid}`);
    await other.kill();
    new DataLock(folder).release();
  });

  it('can be had again after its release', () => {
    new DataLock(folder).release();
    new DataLock(folder).release();
  });
});

describe('ports', () => {
  const listen = (): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    });

  it('in use are named with who has them', async () => {
    const server = await listen();
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const wanted = { what: 'SMTP', protocol: 'tcp' as const, address: '127.0.0.1', port };
    await expect(checkSockets([wanted])).rejects.toMatchObject({
      code: 'HS_PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`tcp 127.0.0.1:${port} \\(SMTP\\): process ${process.pid},`)) as string,
    });
    await new Promise((resolve) => server.close(resolve));
    await checkSockets([wanted, { ...wanted, protocol: 'udp' }]);
  });

  it('at an address that the machine does not have are refused', async () => {
    const wanted = { what: 'x', protocol: 'udp' as const, address: '203.0.113.77', port: 5514 };
    await expect(checkSockets([wanted])).rejects.toMatchObject({ code: 'HS_ADDRESS_UNAVAILABLE' });
  });
});
