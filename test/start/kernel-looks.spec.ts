import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import type { KernelCounts } from '../../tools/pair/src/takeovers/account.ts';
import { KernelLooks } from '../../tools/pair/src/takeovers/kernel-looks.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const children: ChildProcess[] = [];

/** A process that lives until its input ends, or this one does. Resolves when it has said something. */
async function started(program: string, ...args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  if (!child.stdout || child.pid === undefined) throw new Error(`${program} was not started`);
  await once(child.stdout, 'data');
  return child as ChildProcess & { pid: number };
}

afterEach(async () => {
  for (const child of children
    .splice(0)
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

const sending = (count: number) => `
  const socket = require('node:dgram').createSocket('udp4');
  let left = ${count};
  for (let index = 0; index < ${count}; index++)
    socket.send(Buffer.alloc(1000), 5514, '127.0.0.1', () => --left === 0 && socket.close());`;

const deaf = `
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4096 });
  socket.bind(5514, '127.0.0.1', () => {
    require('node:fs').writeSync(1, 'bound');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

it.skipIf(!isRoot)(
  'counts what a network refused, had no socket for, and let fall when the buffer was full, each for itself',
  async () => {
    const holder = await started('unshare', '--net', 'sh', '-c', 'ip link set lo up && echo up && exec cat');
    const enter = [`--net=/proc/${holder.pid}/ns/net`, '--'];
    const send = (count: number) =>
      run('nsenter', [...enter, process.execPath, '-e', sending(count)], { timeout: 20_000 });
    const looks = new KernelLooks({
      a: { folder: `/proc/${holder.pid}/net`, address: null },
      b: { folder: '/proc/self/net', address: '127.0.0.1' },
    });
    const counted = async (what: () => Promise<unknown>): Promise<KernelCounts> => {
      looks.begin();
      await what();
      const all = await looks.end();
      const [first, last] = [all[0]?.nodes.a, all.at(-1)?.nodes.a];
      if (!first || !last) throw new Error('nothing was looked at');
      return {
        refused: last.refused - first.refused,
        unheard: last.unheard - first.unheard,
        overflowed: last.overflowed - first.overflowed,
      };
    };
    try {
      expect(await counted(() => send(20))).toEqual({ refused: 0, unheard: 20, overflowed: 0 });

      const socket = await started('nsenter', ...enter, process.execPath, '-e', deaf);
      const full = await counted(() => send(100));
      expect(full).toMatchObject({ refused: 0, unheard: 0 });
      expect(full.overflowed).toBeGreaterThan(50);
      expect(full.overflowed).toBeLessThan(100);
      // What a socket let fall is not forgotten with it.
      const gone = counted(async () => {
        socket.kill('SIGKILL');
        await once(socket, 'exit');
      });
      expect(await gone).toEqual({ refused: 0, unheard: 0, overflowed: 0 });

      const chain = 'add chain inet judged in { type filter hook prerouting priority -310; }';
      const rules = ['add table inet judged', chain, 'add rule inet judged in udp dport 5514 drop'].join('; ');
      await run('nsenter', [...enter, 'nft', rules], { timeout: 20_000 });
      expect(await counted(() => send(30))).toEqual({ refused: 30, unheard: 0, overflowed: 0 });

      // Every process is gone; the network tells on.
      holder.kill('SIGKILL');
      await once(holder, 'exit');
      expect(await counted(() => Promise.resolve())).toEqual({ refused: 0, unheard: 0, overflowed: 0 });
    } finally {
      looks.close();
    }
  },
  60_000,
);
