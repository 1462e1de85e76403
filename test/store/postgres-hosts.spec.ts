import {
  PostgresHistory,
  PostgresLeaseStore,
  PostgresOutbox,
  PostgresRecordStore,
} from '@hotstandby/adapters/postgres';
import { StoreError, type BeatRequest, type WriteGuard } from '@hotstandby/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { syslog, put } from '@hotstandby/testing/conformance';

// A real primary with a streaming replica that waits for nobody's word but the test's.
let primary: Postgres;
let replica: Postgres;
const log = recordingLog();
const closing: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  primary = await startPostgres({ address: '127.0.0.1' });
  replica = await startPostgres({ address: '127.0.0.13', replicaOf: primary });
  // Nothing that was acknowledged is lost with the primary.
  await primary.sql(`alter system set synchronous_standby_names = '*'`);
  await primary.sql('select pg_reload_conf()');
  const synchronous = `select 1 from pg_stat_replication where sync_state = 'sync'`;
  await eventually(async () => (await primary.sql(synchronous)).length > 0, 10_000, 'a synchronous replica');
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((part) => part.close()));
  await replica?.stop();
  await primary?.stop();
});

const hostOf = ({ address, port }: Postgres) => `${address}:${port}`;
function optionsOf(...hosts: Postgres[]) {
  const url = `postgresql://hotstandby@${hosts.map(hostOf).join(',')}/hotstandby?target_session_attrs=read-write`;
  return { store: { url, schema: 'hot' }, cluster: 'c', statementTimeoutMs: 500, log };
}
function opened<Part extends { close(): Promise<void> }>(part: Part): Part {
  closing.push(part);
  return part;
}
async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreError)) throw error;
  return error;
}

const [nodeId, incarnation] = ['id-a', 'a-1'];
const beat: BeatRequest = {
  nodeId,
  incarnation,
  epoch: 1,
  count: 10,
  serverRole: 'PRIMARY',
  timeline: null,
  remembers: { epoch: 1, membership: 1 },
};

async function reigning(lease: PostgresLeaseStore): Promise<{ timeline: string; guard: WriteGuard }> {
  await lease.prepare();
  const row = { nodeId, name: 'a', incarnation, hostAddress: '127.0.0.1', consolePort: 1, natsPort: 2 };
  const more = { version: '0', timeZone: 'UTC', remembers: { epoch: 0, membership: 0 } };
  await lease.enter({ ...row, ...more, serverRole: 'STARTING', replaces: null });
  const { reign, timeline } = await lease.look();
  const won = await lease.claim({ nodeId, incarnation, seen: reign, seenHolderCount: null, timeline, rebase: null });
  expect(won).toMatchObject({ epoch: 1, timeline });
  return { timeline, guard: { epoch: 1, incarnation } };
}

it('goes on at the promoted replica when the primary is killed, lease, records, outbox and history', async () => {
  const options = optionsOf(primary, replica);
  const lease = opened(new PostgresLeaseStore(options));
  const records = opened(new PostgresRecordStore(options));
  const outbox = opened(new PostgresOutbox(options));
  const history = opened(new PostgresHistory(options));
  const { timeline, guard } = await reigning(lease);
  const batch = (sequence: number) => ({
    messageId: `s-${sequence}`,
    syslog: [syslog(`m${sequence}`)],
    traps: [],
    flows: [],
    ledger: { clockAheadMs: null, nodeId, stored: [], settled: [] },
  });
  await records.prepare();
  await outbox.prepare();
  expect(await put(records, guard, [batch(1)])).toMatchObject({ rows: 1 });
  expect(await lease.beat({ ...beat, timeline })).toMatchObject({ outcome: 'renewed' });

  await primary.kill();
  await failureOf(lease.look());
  const nobody = await failureOf(lease.look());
  expect(nobody).toMatchObject({ fault: 'read-only', code: 'HS_STORE_READ_ONLY' });
  expect(nobody.message).toContain(`${hostOf(primary)}: cannot connect`);
  expect(nobody.message).toContain(`${hostOf(replica)}: is in recovery`);

  await replica.sql('select pg_promote()');
  const after = await eventually(() => lease.look(), 20_000, 'a look at the promoted server');
  // Everything that was acknowledged is there, on a timeline that the reign is not of: it renews nothing before it is re-based.
  expect(after.reign).toMatchObject({ epoch: 1, holder: nodeId, timeline });
  expect(after.nodes[0]).toMatchObject({ lastCount: 10 });
  expect(after.timeline).not.toBe(timeline);
  expect(await lease.beat({ ...beat, count: 11, timeline })).toMatchObject({ outcome: 'other-timeline' });
  const retried = () => put(records, guard, [batch(2)]).catch(() => put(records, guard, [batch(2)]));
  expect(await retried()).toEqual({ outcome: 'stale' });
  const rebase = { epoch: 2, membership: after.reign.membership + 1, tenureEpoch: 1 };
  const claim = { nodeId, incarnation, seen: after.reign, seenHolderCount: 10, timeline: after.timeline, rebase };
  expect(await lease.claim(claim)).toMatchObject({ epoch: 2, timeline: after.timeline });
  const again: BeatRequest = { ...beat, epoch: 2, count: 20, timeline: after.timeline };
  expect(await lease.beat(again)).toMatchObject({ outcome: 'renewed' });

  const later = { epoch: 2, incarnation };
  expect(await put(records, later, [batch(1), batch(2)])).toMatchObject({ batches: 1, rows: 1 });
  const alert = { id: 'x', kind: 'takeover', subject: 's', text: 't', createdAt: new Date(0).toISOString() };
  await outbox.add(later, alert);
  await history.append([
    {
      id: 't',
      node: 'a',
      nodeId,
      epoch: 2,
      from: 'standby',
      to: 'active',
      rule: 'r',
      evidence: {},
      operator: null,
      at: new Date(0).toISOString(),
    },
  ]);
  expect(await replica.sql('select message from hot.syslog_message order by id')).toEqual([
    { message: 'm1' },
    { message: 'm2' },
  ]);
});

it('passes over a replica that is named first, and takes one alone for what it is', async () => {
  const lease = opened(new PostgresLeaseStore(optionsOf(replica, primary)));
  await reigning(lease);
  const on = `select host(inet_server_addr()) as address from pg_stat_activity where application_name = 'hotstandby lease'`;
  expect(await primary.sql(on)).toEqual([{ address: primary.address }]);
  const alone = await failureOf(opened(new PostgresLeaseStore(optionsOf(replica))).prepare());
  expect(alone).toMatchObject({ fault: 'read-only', code: 'HS_STORE_READ_ONLY' });
  expect((await failureOf(opened(new PostgresLeaseStore(optionsOf(replica))).look())).fault).toBe('read-only');
});

it('is kept by a host that hangs for a bounded time only, and once', async () => {
  const lease = opened(new PostgresLeaseStore(optionsOf(primary, replica)));
  const { timeline } = await reigning(lease);
  primary.freeze();
  expect((await failureOf(lease.beat({ ...beat, timeline }))).fault).toBe('unknown');
  const both = await failureOf(lease.look());
  expect(both.message).toContain(`${hostOf(primary)}: no connection within 1000 ms`);
  await replica.sql('select pg_promote()');
  const startedAt = performance.now();
  const { reign } = await eventually(() => lease.look(), 20_000, 'a look at the promoted server');
  expect(reign.epoch).toBe(1);
  expect(performance.now() - startedAt).toBeLessThan(8000);
  // The next connection begins where writes were taken last: the hanging host is not asked again.
  await replica.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hotstandby lease'`,
  );
  await lease.look().catch(() => {});
  const again = performance.now();
  await lease.look();
  expect(performance.now() - again).toBeLessThan(500);
  primary.thaw();
});
