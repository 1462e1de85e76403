import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transition } from '@hotstandby/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openNodeMemory } from './index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hs-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const transition = (id: string): Transition => ({
  id,
  node: 'a',
  nodeId: 'n',
  epoch: 1,
  from: 'starting',
  to: 'active',
  rule: 'claim-never-held',
  evidence: { kind: 'primary' },
  operator: null,
  at: '2026-01-01T00:00:00.000Z',
});

it('keeps the node id, the highest epoch, the store and what was not yet copied', () => {
  const first = openNodeMemory(folder);
  const id = first.nodeId();
  first.rememberEpoch(7);
  first.rememberEpoch(3);
  first.bindStore('store');
  first.journal(transition('t1'));
  first.journal(transition('t2'));
  first.markSent(['t1']);
  first.close();

  const second = openNodeMemory(folder);
  expect(second.nodeId()).toBe(id);
  expect(second.highestEpoch()).toBe(7);
  expect(second.storeId()).toBe('store');
  expect(second.unsent(10)).toEqual([transition('t2')]);
  second.close();
});

it('refuses a folder that another process holds, and has it back as soon as that one is killed', async () => {
  const holder = spawn(
    process.execPath,
    [
      '--conditions=@hotstandby/source',
      '--input-type=module',
      '-e',
      `import { openNodeMemory } from '@hotstandby/adapters/node-memory'; openNodeMemory(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`,
      folder,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
  );
  try {
    await once(holder.stdout, 'data');
    expect(() => openNodeMemory(folder)).toThrow(expect.objectContaining({ code: 'HS_DATA_LOCKED' }));
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  const memory = openNodeMemory(folder);
  expect(memory.nodeId()).toMatch(/^[0-9a-f-]{36}$/);
  memory.close();
});

it('says so when the folder cannot be one', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => openNodeMemory(file)).toThrow(expect.objectContaining({ code: 'HS_DATA_UNUSABLE' }));
});
