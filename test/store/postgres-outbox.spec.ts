import {
  PostgresHistory,
  PostgresLeaseStore,
  PostgresOutbox,
  type PostgresOptions,
} from '@hotstandby/adapters/postgres';
import type { Transition, WriteGuard } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { claimAs } from '@hotstandby/testing/conformance';

let server: Postgres;
let options: PostgresOptions;
let lease: PostgresLeaseStore;
let outbox: PostgresOutbox;
let history: PostgresHistory;
let guard: WriteGuard;
let schemas = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  schemas += 1;
  options = { store: { url: server.url, schema: `outbox_${schemas}` }, cluster: 'c', log: recordingLog() };
  [lease, outbox, history] = [
    new PostgresLeaseStore(options),
    new PostgresOutbox(options),
    new PostgresHistory(options),
  ];
  guard = await claimAs(lease, 'a');
  await outbox.prepare();
});
afterEach(async () => {
  await Promise.all([lease.close(), outbox.close(), history.close()]);
});

const alert = (id: string, second = 0) => ({
  id,
  kind: 'takeover',
  subject: `alert ${id}`,
  text: 'a\0b',
  createdAt: new Date(Date.UTC(2026, 10, 21, 12, 0, second)).toISOString(),
});

it('takes an alert once, whoever raises it again and in whatever state it is', async () => {
  const twice = await Promise.all([outbox.add(guard, alert('one')), outbox.add(guard, alert('one'))]);
  expect(twice.toSorted()).toEqual([false, true]);
  expect(await outbox.due(10)).toEqual([{ ...alert('one'), text: 'a\uFFFDb', attempts: 0 }]);
  await outbox.sent(guard, 'one');
  expect(await outbox.add(guard, alert('one'))).toBe(false);
  expect(await outbox.due(10)).toEqual([]);
});

it('gives what is due, oldest first, and counts attempts', async () => {
  for (const [id, second] of [
    ['late', 30],
    ['early', 10],
    ['middle', 20],
  ] as const)
    await outbox.add(guard, alert(id, second));
  expect((await outbox.due(2)).map((entry) => entry.id)).toEqual(['early', 'middle']);
  await outbox.failed('early', 'the server is away', 60_000);
  await outbox.failed('middle', 'greylisted', 50);
  await outbox.failed('late', 'no such user', null);
  expect((await outbox.due(9)).map((entry) => entry.id)).toEqual([]);
  const [again] = await eventually(async () => {
    const due = await outbox.due(9);
    return due.length > 0 ? due : null;
  });
  expect(again).toMatchObject({ id: 'middle', attempts: 1 });
  await outbox.sent(guard, 'middle');
  // A failure that is told late does not undo it.
  await outbox.failed('middle', 'too late', 0);
  expect(await outbox.due(9)).toEqual([]);
  const rows = await server.sql(`select id, state, attempts, reason from ${options.store.schema}.outbox order by id`);
  expect(rows).toEqual([
    { id: 'early', state: 'due', attempts: 1, reason: 'the server is away' },
    { id: 'late', state: 'failed', attempts: 1, reason: 'no such user' },
    { id: 'middle', state: 'sent', attempts: 2, reason: null },
  ]);
});

it('refuses to add or settle under a reign that is over', async () => {
  await outbox.add(guard, alert('one'));
  await claimAs(lease, 'b');
  await expect(outbox.add(guard, alert('two'))).rejects.toMatchObject({ code: 'HS_NOT_ACTIVE' });
  await expect(outbox.sent(guard, 'one')).rejects.toMatchObject({ code: 'HS_NOT_ACTIVE' });
  expect((await outbox.due(9)).map((entry) => entry.id)).toEqual(['one']);
});

it('keeps the history, each transition once, newest first', async () => {
  const transition = (id: string, second: number): Transition => ({
    id,
    node: 'a',
    nodeId: 'id-a',
    epoch: 3,
    from: 'standby',
    to: 'active',
    rule: 'claim-silent-holder',
    evidence: { silentMs: 160, odd: 'x\0' },
    operator: null,
    at: new Date(Date.UTC(2026, 10, 21, 12, 0, second, 7)).toISOString(),
  });
  await history.append([transition('t1', 1), transition('t2', 2)]);
  await history.append([transition('t2', 2), transition('t3', 3)]);
  await history.append([]);
  const list = await history.list(2);
  expect(list.map((one) => one.id)).toEqual(['t3', 't2']);
  expect(list[0]).toEqual({ ...transition('t3', 3), evidence: { silentMs: 160, odd: 'x\uFFFD' } });
});
