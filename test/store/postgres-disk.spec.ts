// What of the lease waits for the store's disk, and what is made of beats that a crash of the server has forgotten.
import { readFileSync } from 'node:fs';
import { rowIn, StoreNode, type LeaseStoreHarness } from '@hotstandby/testing/conformance';
import type { ClaimRequest, StoreView } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { childrenOf } from '../parts/process-children.ts';
import { postgresHarness } from './postgres-harness.ts';

let server: Postgres;
let harness: LeaseStoreHarness;
/** Writes the log to the disk behind everybody's back; held, so that only who waits for the disk writes it. */
let logWriter = -1;

beforeAll(async () => {
  server = await startPostgres({ settings: { restart_after_crash: 'on', fsync: 'on' } });
});
afterAll(() => server?.stop());
beforeEach(async () => {
  harness = await postgresHarness(server);
  logWriter = await eventually(async () => childNamed('walwriter'), 10_000, 'the WAL writer');
});
afterEach(async () => {
  if (childrenOf(server.pid()).includes(logWriter)) process.kill(logWriter, 'SIGCONT');
  await harness.close();
});

function childNamed(name: string): number {
  const titled = childrenOf(server.pid()).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name));
  if (titled === undefined) throw new Error(`PostgreSQL has no ${name}`);
  return titled;
}

const node = (name: string) => new StoreNode(harness.open(), name);

/** Whether what it wrote is on the disk when it has been acknowledged. */
async function waitsForTheDisk(work: () => Promise<unknown>): Promise<boolean> {
  const [before] = await server.sql('select pg_current_wal_insert_lsn()::text as lsn');
  await work();
  const [after] = await server.sql('select pg_current_wal_flush_lsn() > $1::pg_lsn as written', [before?.['lsn']]);
  return after?.['written'] === true;
}

async function pair(): Promise<{ a: StoreNode; b: StoreNode; epoch: number }> {
  const [a, b] = [node('a'), node('b')];
  await a.enter();
  await b.enter();
  const { epoch } = await a.claimNow();
  // On the disk, with all before it.
  a.remembers = { epoch, membership: 9 };
  await a.beat(epoch);
  return { a, b, epoch };
}

it('waits for the disk with what changes who holds the lease and what a node remembers, and not with beats', async () => {
  const { a, b, epoch } = await pair();
  process.kill(logWriter, 'SIGSTOP');
  const beats = async () => {
    for (let count = 0; count < 10; count += 1) {
      expect(await a.beat(epoch)).toMatchObject({ outcome: 'renewed' });
      expect(await b.beat(null)).toMatchObject({ outcome: 'renewed' });
    }
  };
  expect(await waitsForTheDisk(beats)).toBe(false);
  a.remembers = { epoch, membership: 10 };
  expect(await waitsForTheDisk(() => a.beat(epoch))).toBe(true);
  expect(await waitsForTheDisk(beats)).toBe(false);
  const { reign } = await a.store.look();
  expect(await waitsForTheDisk(() => a.register(b, reign))).toBe(true);
  expect(await waitsForTheDisk(beats)).toBe(false);
  const release = { epoch, incarnation: a.incarnation, handoverTo: null };
  expect(await waitsForTheDisk(() => a.store.release(release))).toBe(true);
  expect(await waitsForTheDisk(() => b.beat(null))).toBe(false);
  expect(await waitsForTheDisk(() => b.claimNow())).toBe(true);
  expect((await b.store.look()).reign).toMatchObject({ epoch: epoch + 1, holder: b.nodeId });
});

it('is another server to claimers when it has crashed and forgotten beats, though it was never started anew', async () => {
  const { a, b, epoch } = await pair();
  const before = await b.store.look();
  const acknowledged = rowIn(before, a.nodeId).lastCount;
  const [{ started }] = (await server.sql('select pg_postmaster_start_time()::text as started')) as [
    { started: string },
  ];
  process.kill(logWriter, 'SIGSTOP');
  for (let count = 0; count < 10; count += 1)
    expect(await a.beat(epoch)).toMatchObject({ outcome: 'renewed', lastCount: acknowledged + count + 1 });
  // One of its processes dies, and all others with it.
  process.kill(logWriter, 'SIGKILL');
  await eventually(() => childNamed('walwriter') !== logWriter, 20_000, 'the server to have recovered');
  const after = await eventually(() => b.store.look(), 20_000, 'the server goes on');
  expect(await server.sql('select pg_postmaster_start_time()::text as started')).toEqual([{ started }]);
  // Else this test shows nothing.
  expect(rowIn(after, a.nodeId).lastCount).toBe(acknowledged);
  expect(after.reign).toEqual(before.reign);

  // The counter is what b saw 10 beats ago, and a believes in the grant of the last of them.
  expect(after.storeIncarnation).not.toBe(before.storeIncarnation);
  expect(await claims(b, before)).toBeNull();
  expect(await claims(b, after)).toBeNull();
  expect(await a.beat(epoch)).toMatchObject({ outcome: 'renewed' });
  const again = await b.store.look();
  expect(await claims(b, { ...again, storeIncarnation: before.storeIncarnation })).toBeNull();
  expect(await claims(b, { ...again, storeIncarnation: after.storeIncarnation })).toBeNull();
  expect(await claims(b, again)).toMatchObject({ epoch: epoch + 1 });
});

it('keeps its name as long as it forgets nothing', async () => {
  const { a, b, epoch } = await pair();
  const { storeIncarnation } = await b.store.look();
  await harness.breakConnections();
  await eventually(() => a.beat(epoch), 10_000, 'a beat on a new connection');
  await server.sql('checkpoint');
  expect((await eventually(() => b.store.look(), 10_000, 'a look')).storeIncarnation).toBe(storeIncarnation);
});

function claims({ nodeId, incarnation, store }: StoreNode, view: StoreView): ReturnType<typeof store.claim> {
  const { reign: seen, timeline, storeIncarnation } = view;
  const seenHolderCount = rowIn(view, seen.holder ?? '').lastCount;
  const request: ClaimRequest = {
    nodeId,
    incarnation,
    seen,
    seenHolderCount,
    timeline,
    storeIncarnation,
    rebase: null,
  };
  return store.claim(request);
}
