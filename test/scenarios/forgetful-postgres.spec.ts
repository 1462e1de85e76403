import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { freePort } from '../parts/nats-server.ts';
import { copyOf, startPostgres, type Postgres } from '../parts/postgres.ts';
import { SwitchedLine } from '../parts/switched-line.ts';
import { overlapsOf, spansOf, type GrantWatch } from './grant-watch.ts';
import { startLeaseRig, type LeaseNode, type LeaseRig } from './lease-rig.ts';

// The store is a PostgreSQL behind one address, with an asynchronous replica that can be promoted, or a data folder that
// can be put back. Real heartbeats and arbiters, profile fast. Each case goes on where the one before ended.

const leaseTtlMs = 150;
let rig: LeaseRig;
let line: SwitchedLine;
let grants: GrantWatch;
/** Whoever is the store now. */
let primary: Postgres;
const others: Postgres[] = [];

beforeAll(async () => {
  rig = await startLeaseRig('fast');
  primary = rig.postgres;
  line = await SwitchedLine.open(primary.address, await freePort(primary.address));
  line.leadTo(primary);
  for (const node of [rig.a, rig.b]) await node.configure({ store: { url: line.through(primary.url) } });
  grants = await rig.watchGrants([rig.a, rig.b]);
  rig.a.start();
  await eventually(async () => (await rig.a.describe())?.role === 'active', 20_000, 'a as the active');
  rig.b.start();
  await settled(rig.a, rig.b);
}, 120_000);

afterAll(async () => {
  await line?.close();
  await grants?.close();
  await rig?.remove();
  for (const server of others) await server.stop();
}, 60_000);

/** The one is active, the other one its standby, under an epoch above that; the epoch. */
async function settled(active: LeaseNode, standby: LeaseNode, above = 0): Promise<number> {
  let epoch = 0;
  await eventually(
    async () => {
      const [one, other] = await Promise.all([active.describe(), standby.describe()]);
      epoch = one?.epoch ?? 0;
      const well = one?.role === 'active' && one.redundancy === 'ready' && other?.role === 'standby' && epoch > above;
      if (!well) throw new Error(`${one?.role} ${one?.epoch} ${one?.reason}; ${other?.role} ${other?.reason}`);
      return true;
    },
    20_000,
    'an active and its standby',
  );
  expect(overlapsOf(spansOf(grants.seen, leaseTtlMs))).toEqual([]);
  return epoch;
}

/** A replica of the present store, which is stopped and started again for that; it has all of it. */
async function laggingReplica(): Promise<Postgres> {
  const replica = await startPostgres({ address: primary.address, replicaOf: primary });
  others.push(replica);
  return replica;
}

/** What the primary commits from now on never reaches it: it is behind when it takes over. */
async function cutOff(replica: Postgres): Promise<void> {
  const [{ lsn } = { lsn: null }] = await primary.sql('select pg_current_wal_lsn()::text as lsn');
  await eventually(
    async () => {
      const [{ far } = { far: false }] = await replica.sql('select pg_last_wal_replay_lsn() >= $1::pg_lsn as far', [
        lsn,
      ]);
      return far === true;
    },
    10_000,
    'a replica that is up to date',
  );
  await replica.halt();
}

async function promoted(replica: Postgres): Promise<void> {
  await primary.kill();
  await replica.start({ primary_conninfo: '' });
  await replica.sql('select pg_promote()');
  primary = replica;
  line.leadTo(replica);
}

/** The re-basing claim of that epoch, once the history has it: a copy that was put back has older ones. */
const rebasingTo = async (epoch: number): Promise<Record<string, unknown>> => {
  let row: Record<string, unknown> = {};
  await eventually(
    async () => {
      const rows = await primary.sql(
        'select rule, evidence, epoch from hotstandby.transition order by at desc limit 20',
      );
      const found = rows.find((one) => one['rule'] === 'claim-rebase' && Number(one['epoch']) === epoch);
      if (found) row = found;
      return found !== undefined;
    },
    10_000,
    'the transition in the history',
  );
  return row;
};

it('a replica is promoted that lost the last claim: its holder claims above it, and never are two active', async () => {
  const replica = await laggingReplica();
  const before = await settled(rig.a, rig.b);
  await cutOff(replica);
  await rig.a.kill();
  await eventually(async () => (await rig.b.describe())?.role === 'active', 20_000, 'b as the active');
  rig.a.start();
  const lost = await settled(rig.b, rig.a, before);
  await promoted(replica);
  expect(await settled(rig.b, rig.a, lost)).toBe(lost + 2);
  expect(await rebasingTo(lost + 2)).toMatchObject({
    evidence: { doubt: 'other-timeline', seenEpoch: before, rememberedEpoch: lost },
  });
}, 90_000);

it('a replica is promoted that lost the last claim, and its holder died with the store', async () => {
  const replica = await laggingReplica();
  const before = await settled(rig.b, rig.a);
  await cutOff(replica);
  await rig.b.kill();
  await eventually(async () => (await rig.a.describe())?.role === 'active', 20_000, 'a as the active');
  rig.b.start();
  const lost = await settled(rig.a, rig.b, before);
  await rig.a.kill();
  await promoted(replica);
  await eventually(async () => (await rig.b.describe())?.role === 'active', 20_000, 'b as the active');
  expect((await rig.b.describe())?.epoch).toBeGreaterThan(lost + 900);
  rig.a.start();
  await settled(rig.b, rig.a, lost);
}, 90_000);

it('an old copy of the data folder is put back, without a new timeline: the lease is re-based above it', async () => {
  await primary.halt();
  const copy = await copyOf(primary);
  await primary.start();
  const before = await settled(rig.b, rig.a);
  await rig.b.kill();
  await eventually(async () => (await rig.a.describe())?.role === 'active', 20_000, 'a as the active');
  rig.b.start();
  const lost = await settled(rig.a, rig.b, before);
  await primary.kill();
  copy.putBack(primary);
  await copy.discard();
  await primary.start();
  expect(await settled(rig.a, rig.b, lost)).toBe(lost + 2);
  expect(await rebasingTo(lost + 2)).toMatchObject({
    evidence: { doubt: 'went-back', seenEpoch: before, rememberedEpoch: lost },
  });
}, 90_000);
