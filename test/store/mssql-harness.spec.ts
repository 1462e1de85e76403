import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStoreUrl } from '@hotstandby/config';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyView, preparedStore } from './mssql-answers.ts';
import { mssqlHarness } from './mssql-harness.ts';
import { startTdsPeer, type TdsPeer } from './tds-peer.ts';

// The harness of the conformance suite has no SQL Server here: that it can hold back, cut and refuse is tried with the peer.
let peer: TdsPeer;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotstandby-test-'));
  await writeFile(join(folder, 'password'), 'x');
  peer = await startTdsPeer({ answer: preparedStore(() => emptyView(), { cluster: 'conformance' }) });
});
afterEach(async () => {
  await peer.close();
  await rm(folder, { recursive: true });
});

it('holds back, stalls, cuts and refuses between the store and its server', async () => {
  const url = `mssql://u@127.0.0.1:${peer.port}/d?encrypt=off`;
  const read = readStoreUrl(url);
  if ('fault' in read) throw new Error(read.fault.got);
  const none = () => Promise.reject(new Error('no server'));
  const harness = await mssqlHarness({
    url,
    passwordFile: join(folder, 'password'),
    caFile: undefined,
    address: read.address,
    sql: none,
    connect: none,
    restart: null,
  });
  const store = harness.open({ statementTimeoutMs: 300 });
  const look = () =>
    store.look().then(
      () => 'answered',
      (error: { fault: string }) => error.fault,
    );
  await store.prepare();
  expect(await look()).toBe('answered');

  harness.freeze();
  expect(await look()).toBe('unknown');
  expect(await look()).toBe('unreachable');
  harness.thaw();
  expect(await look()).toBe('answered');

  const asked = () => peer.requests.filter((text) => text.includes('AS [nodeId]')).length;
  const before = asked();
  const stalled = await harness.stallConnections();
  expect(await look()).toBe('unknown');
  expect(asked()).toBe(before);
  expect(await look()).toBe('answered');
  stalled.goOn();
  await expect.poll(asked).toBe(before + 2);

  await harness.breakConnections();
  await expect.poll(look).toBe('answered');
  await harness.halt();
  await look();
  expect(await look()).toBe('unreachable');
  await harness.restart();
  expect(await look()).toBe('answered');
  await harness.close();
  await expect.poll(() => peer.openSockets()).toBe(0);
});
