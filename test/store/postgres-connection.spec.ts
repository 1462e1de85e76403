import { makeAuthority } from '@hotstandby/adapters/pki';
import { PostgresLeaseStore, PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { StoreError, type LeaseStore } from '@hotstandby/ports';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';

const password = 'correct horse battery staple';
let server: Postgres;
let folder: string;
const log = recordingLog();
const opened: LeaseStore[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotstandby-test-'));
  const [ours, theirs] = [await makeAuthority('ours', Date.now()), await makeAuthority('theirs', Date.now())];
  await writeFile(join(folder, 'ca.pem'), ours.certificatePem);
  await writeFile(join(folder, 'other-ca.pem'), theirs.certificatePem);
  await writeFile(join(folder, 'password'), `${password}\n`);
  await writeFile(join(folder, 'wrong'), 'wrong\n');
  server = await startPostgres({ password, tls: await ours.issue('store', ['127.0.0.1']) });
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

interface Different {
  url?: string;
  passwordFile?: string;
  caFile?: string;
  bindAddress?: string;
}
function open({ url, passwordFile = 'password', caFile, bindAddress }: Different = {}): PostgresLeaseStore {
  const store = new PostgresLeaseStore({
    store: {
      url: url ?? server.url,
      schema: 'order',
      passwordFile: join(folder, passwordFile),
      ...(caFile === undefined ? {} : { caFile: join(folder, caFile) }),
    },
    cluster: 'c',
    statementTimeoutMs: 500,
    ...(bindAddress === undefined ? {} : { bindAddress }),
    log,
  });
  opened.push(store);
  return store;
}

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(error.message).not.toContain(password);
  return error;
}

it('connects with the password of a file, and takes a changed one at the next call', async () => {
  const passwordFile = 'changing';
  const store = open({ passwordFile });
  expect(await failureOf(store.prepare())).toMatchObject({ fault: 'refused', code: 'HS_STORE_REFUSED' });
  await writeFile(join(folder, passwordFile), 'wrong');
  expect(await failureOf(store.prepare())).toMatchObject({ fault: 'refused' });
  await writeFile(join(folder, passwordFile), password);
  const { storeId } = await store.prepare();
  expect(storeId).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.stringify(log.lines)).not.toContain(password);
});

it('says which database or user is not there', async () => {
  const url = server.url.replace(/hotstandby$/, 'nothing');
  expect((await failureOf(open({ url }).prepare())).message).toContain('"nothing" does not exist');
  expect(await failureOf(open({ url: server.url.replace('hotstandby@', 'stranger@') }).prepare())).toMatchObject({
    fault: 'refused',
  });
});

it('encrypts and verifies with the CA that is given, and takes no other', async () => {
  const store = open({ caFile: 'ca.pem' });
  await store.prepare();
  await store.look();
  const encrypted = `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'hotstandby lease'`;
  expect(await server.sql(encrypted)).toEqual([{ ssl: true }]);
  const failure = await failureOf(open({ caFile: 'other-ca.pem' }).prepare());
  expect(failure.fault).toBe('unreachable');
  expect(failure.message).toMatch(/certificate/);
});

it('takes an answer that has come although its own process was kept from running beyond the time for it', async () => {
  const store = open();
  await store.prepare();
  await store.look();
  const answer = store.look();
  await new Promise((resolve) => setImmediate(resolve));
  // As a process that gets no processor: when it runs again its timer is due, and the answer lies on the socket.
  const held = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(held, 0, 0, 800);
  expect(await answer).toMatchObject({ nodes: [] });
});

it('says that it was kept from running when there was no answer in its time', async () => {
  const store = open();
  await store.prepare();
  await store.look();
  server.freeze();
  try {
    const answer = failureOf(store.look());
    await new Promise((resolve) => setImmediate(resolve));
    const held = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(held, 0, 0, 800);
    expect(await answer).toMatchObject({ fault: 'unknown' });
    expect((await answer).message).toMatch(/^no answer within 500 ms; this process .* looked after \d+ ms$/);
  } finally {
    server.thaw();
  }
});

it('goes on with a connection that lay ready when the one in use has to be given up', async () => {
  const store = open();
  await store.prepare();
  /** By what was asked last: `lease_view` on the one in use, what the server is on the one that lies ready. */
  const pids = async (inUse: boolean) => {
    const rows = await server.sql(
      `select pid from pg_stat_activity where application_name = 'hotstandby lease' and (query like '%lease_view%') = ${inUse}`,
    );
    return rows.map((row) => Number(row['pid']));
  };
  const ready = async () => {
    await store.look();
    return (await pids(false)).length === 1;
  };
  await eventually(ready, 20_000, 'a connection that lies ready');
  const [[used = 0], [spare = 0]] = [await pids(true), await pids(false)];
  process.kill(used, 'SIGSTOP');
  expect(await failureOf(store.look())).toMatchObject({ fault: 'unknown' });
  process.kill(used, 'SIGCONT');
  await store.look();
  // The statement that was given up is over, with its process, before the next one is sent.
  expect(await pids(true)).toEqual([spare]);
  await eventually(ready, 20_000, 'another one that lies ready');
  await store.close();
  await eventually(async () => [...(await pids(true)), ...(await pids(false))].length === 0, 10_000, 'both are closed');
});

it("comes from the node's own address", async () => {
  const store = open({ bindAddress: '127.0.0.12', url: server.url.replace('127.0.0.1:', 'localhost:') });
  await store.prepare();
  await store.look();
  const from = `select host(client_addr) as address from pg_stat_activity where application_name = 'hotstandby lease'`;
  expect(await server.sql(from)).toEqual([{ address: '127.0.0.12' }]);
  // A documentation address, which no host has.
  const failure = await failureOf(open({ bindAddress: '203.0.113.77' }).prepare());
  expect(failure).toMatchObject({ fault: 'unreachable' });
  expect(failure.message).toMatch(/EADDRNOTAVAIL/);
});

it('ends in its time when what listens there is no PostgreSQL, or says nothing', async () => {
  const answers = { silent: () => {}, http: (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') };
  for (const [kind, answer] of Object.entries(answers)) {
    const sockets = new Set<Socket>();
    const stranger = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      answer(socket);
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    const startedAt = performance.now();
    const failure = await failureOf(open({ url: `postgresql://x@127.0.0.1:${port}/x` }).prepare());
    expect(failure.fault, kind).toBe('unreachable');
    expect(performance.now() - startedAt).toBeLessThan(3000);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => stranger.close(resolve));
    expect(await failureOf(open({ url: `postgresql://x@127.0.0.1:${port}/x` }).look())).toMatchObject({
      fault: 'unreachable',
      code: 'HS_STORE_UNREACHABLE',
    });
  }
});

it('is inert until it is used and ends cleanly when it never was', async () => {
  await open({ url: 'postgresql://x@203.0.113.1:1/x' }).close();
  const store = { url: 'postgresql://x@203.0.113.1:1/x', schema: 's' };
  await new PostgresRecordStore({ store, cluster: 'c', log }).close();
});
