import { makeAuthority } from '@hotstandby/adapters/pki';
import { MssqlHistory, MssqlLeaseStore } from '@hotstandby/adapters/mssql';
import { errorCodes } from '@hotstandby/contracts';
import { StoreError } from '@hotstandby/ports';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { emptyView, preparedStore } from './mssql-answers.ts';
import { startTdsPeer, type TdsAnswer, type TdsPeer, type TdsPeerScript } from './tds-peer.ts';

// What a client of SQL Server meets on the wire, said by a peer of our own: there is no SQL Server for every machine.
const password = 'correct horse battery staple';
const log = recordingLog();
const open: { close(): Promise<void> }[] = [];
let folder: string;
let certificate: { certificatePem: string; keyPem: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotstandby-test-'));
  const [ours, theirs] = [await makeAuthority('ours', Date.now()), await makeAuthority('theirs', Date.now())];
  certificate = await ours.issue('store', ['127.0.0.1']);
  await writeFile(join(folder, 'ca.pem'), ours.certificatePem);
  await writeFile(join(folder, 'other-ca.pem'), theirs.certificatePem);
  await writeFile(join(folder, 'password'), `${password}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
  expect(JSON.stringify(log.lines)).not.toContain(password);
});

async function peerOf(script: TdsPeerScript): Promise<TdsPeer> {
  const peer = await startTdsPeer(script);
  open.push(peer);
  return peer;
}

interface Different {
  encrypt?: string;
  host?: string;
  caFile?: string;
  passwordFile?: string;
  bindAddress?: string;
}
function optionsOf(port: number, different: Different = {}) {
  const { encrypt = 'off', host = '127.0.0.1', caFile, passwordFile = 'password', bindAddress } = different;
  return {
    store: {
      url: `mssql://hot@${host}:${port}/hot?encrypt=${encrypt}`,
      schema: 'hotstandby',
      passwordFile: join(folder, passwordFile),
      ...(caFile === undefined ? {} : { caFile: join(folder, caFile) }),
    },
    cluster: 'c',
    statementTimeoutMs: 300,
    ...(bindAddress === undefined ? {} : { bindAddress }),
    log,
  };
}
function storeAt(port: number, different: Different = {}): MssqlLeaseStore {
  const store = new MssqlLeaseStore(optionsOf(port, different));
  open.push(store);
  return store;
}

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(error.message).not.toContain(password);
  // Every code has a sentence and a cure.
  expect(errorCodes[error.code]).toHaveLength(2);
  return error;
}

const beat = {
  nodeId: 'id-a',
  incarnation: 'a-1',
  epoch: 1,
  count: 2,
  serverRole: 'PRIMARY',
  timeline: 'server DB1',
  remembers: { epoch: 1, membership: 1 },
} as const;
const seen = {
  epoch: 0,
  holder: null,
  holderIncarnation: null,
  lastHolder: null,
  standby: null,
  standbyIncarnation: null,
  membership: 0,
  handoverTo: null,
  tenureEpoch: 0,
  timeline: null,
};
const claim = { nodeId: 'id-a', incarnation: 'a-1', seen, seenHolderCount: null, timeline: 'server DB1', rebase: null };
const isBeat = (text: string) => text.includes('lastcount = @count');

/** One statement after the login, answered like this. */
async function beaten(answer: TdsAnswer): Promise<{ store: MssqlLeaseStore; peer: TdsPeer; failure: StoreError }> {
  const peer = await peerOf({ answer: preparedStore((text) => (isBeat(text) ? answer : emptyView())) });
  const store = storeAt(peer.port);
  await store.prepare();
  return { store, peer, failure: await failureOf(store.beat(beat)) };
}

it('prepares, looks and says what the server is', async () => {
  const peer = await peerOf({ answer: preparedStore(() => emptyView()) });
  const store = storeAt(peer.port, { bindAddress: '127.0.0.12' });
  expect(await store.prepare()).toEqual({ storeId: 'store-1' });
  const view = await store.look();
  expect(view.reign).toEqual(seen);
  expect(view.nodes).toMatchObject([
    { nodeId: 'id-a', lastCount: 9_007_199_254_740_991, epoch: null, consolePort: 8080, remembers: { epoch: 7 } },
  ]);
  expect(view).toMatchObject({ timeline: 'server DB1', pause: null });
  expect(view.storeIncarnation).toBe('DB1/HOST1/2026-11-21T08:00:00.123');
  expect(new Set(peer.callers)).toEqual(new Set(['127.0.0.12']));
});

it.each([
  [18_456, "Login failed for user 'hot'.", 'refused', 'HS_STORE_REFUSED'],
  [4060, 'Cannot open database "hot" requested by the login.', 'refused', 'HS_STORE_REFUSED'],
  [18_488, 'The password of the account must be changed.', 'refused', 'HS_STORE_REFUSED'],
  [976, 'The target database is participating in an availability group.', 'read-only', 'HS_STORE_READ_ONLY'],
  [40_613, 'Database is not currently available.', 'unreachable', 'HS_STORE_UNREACHABLE'],
])('tells error %i at the login as what it is, after one attempt', async (number, message, fault, code) => {
  const peer = await peerOf({ login: { number, message } });
  const failure = await failureOf(storeAt(peer.port).prepare());
  expect(failure).toMatchObject({ fault, code });
  expect(failure.message).toContain(message);
  expect(failure.message).toContain(String(number));
  expect(peer.callers).toHaveLength(1);
  await eventually(() => peer.openSockets() === 0, 2000, 'no socket left');
});

it.each([
  [3906, 'Failed to update database "hot" because the database is read-only.', 'read-only'],
  [229, "The UPDATE permission was denied on the object 'befailover'.", 'refused'],
  [1222, 'Lock request time out period exceeded.', 'unreachable'],
  [1205, 'Transaction was deadlocked and has been chosen as the deadlock victim.', 'unreachable'],
  [9002, 'The transaction log for database is full.', 'unreachable'],
])('tells error %i under a statement as what it is: surely not carried out', async (number, message, fault) => {
  const { store, failure } = await beaten({ number, message });
  expect(failure.fault).toBe(fault);
  expect(failure.message).toBe(`${message} (${number})`);
  // The connection is as good as before.
  expect((await store.look()).nodes).toHaveLength(1);
});

it('says unknown for an error that ends the session', async () => {
  const { failure } = await beaten({ number: 596, class: 21, message: 'The session is in the kill state.' });
  expect(failure.fault).toBe('unknown');
});

it.each(['hang', 'cut'] as const)(
  'says unknown when the server does "%s" under a statement, and settles it first',
  async (kind) => {
    const startedAt = performance.now();
    const { store, peer, failure } = await beaten(kind);
    expect(failure).toMatchObject({ fault: 'unknown', code: 'HS_STORE_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(2500);
    const [before] = peer.requests.filter((text) => text.includes('.lease_session (session_id)'));
    const asked = peer.requests.length;
    await store.look();
    const since = peer.requests.slice(asked);
    const settled = since.findIndex((text) => text.includes('WHERE session_id = @ended'));
    const looked = since.findIndex((text) => text.includes('AS [nodeId]'));
    expect(settled).toBeGreaterThan(-1);
    expect(looked).toBeGreaterThan(settled);
    // It names the row that the connection before had made.
    const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(before ?? '') ?? ['none'];
    expect(since[settled]).toContain(id);
    await eventually(() => peer.openSockets() === 1, 2000, 'only the new connection');
  },
);

it('does nothing else until what was unknown is settled', async () => {
  let free = false;
  const lease = preparedStore((text) => (isBeat(text) ? 'hang' : emptyView()));
  const peer = await peerOf({
    answer: (text) =>
      text.includes('WHERE session_id = @ended') && !free
        ? { number: 1222, message: 'Lock request time out period exceeded.' }
        : lease(text),
  });
  const store = storeAt(peer.port);
  await store.prepare();
  expect((await failureOf(store.beat(beat))).fault).toBe('unknown');
  for (let call = 0; call < 2; call += 1) {
    const failure = await failureOf(store.look());
    expect(failure.fault).toBe('unreachable');
    expect(failure.message).toContain('may still be under way');
  }
  free = true;
  expect((await store.look()).nodes).toHaveLength(1);
});

it('starts a new connection when a later one of the same node has ended this', async () => {
  const { store, failure } = await beaten({ number: 51_001, message: 'this connection was ended by a later one' });
  expect(failure.fault).toBe('unreachable');
  expect((await store.look()).nodes).toHaveLength(1);
});

it('says unknown for an answer that is no TDS, and goes on with a new connection', async () => {
  const { store, failure } = await beaten('garbage');
  expect(failure.fault).toBe('unknown');
  expect((await store.look()).nodes).toHaveLength(1);
});

it('says unknown for an answer that says nothing of the outcome', async () => {
  const { failure } = await beaten([]);
  expect(failure.fault).toBe('unknown');
});

it('refuses a database that takes no writes, and the store of another cluster', async () => {
  const readOnly = await peerOf({ answer: preparedStore(() => [], { updateability: 'READ_ONLY' }) });
  expect(await failureOf(storeAt(readOnly.port).prepare())).toMatchObject({ fault: 'read-only' });
  const foreign = await peerOf({ answer: preparedStore(() => [], { cluster: 'theirs' }) });
  expect(await failureOf(storeAt(foreign.port).prepare())).toMatchObject({ fault: 'foreign' });
});

it.each([
  ['says nothing', { prelogin: 'silent' }],
  ['says nothing after the login', { login: 'silent' }],
  ['closes at the login', { login: 'cut' }],
  ['answers PRELOGIN with garbage', { prelogin: 'garbage' }],
  ['speaks HTTP', { prelogin: 'http' }],
] as const)('ends in its time when what listens there %s', async (_, script) => {
  const peer = await peerOf(script);
  const startedAt = performance.now();
  const failure = await failureOf(storeAt(peer.port).prepare());
  expect(failure).toMatchObject({ fault: 'unreachable', code: 'HS_STORE_UNREACHABLE' });
  expect(performance.now() - startedAt).toBeLessThan(3000);
  await eventually(() => peer.openSockets() === 0, 2000, 'no socket left');
});

it('says unreachable at once when nothing listens', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const startedAt = performance.now();
  const failure = await failureOf(storeAt(port).prepare());
  expect(failure.fault).toBe('unreachable');
  expect(failure.message).toContain('ECONNREFUSED');
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect((await failureOf(storeAt(port, { bindAddress: '203.0.113.77' }).prepare())).message).toContain(
    'EADDRNOTAVAIL',
  );
});

it.each([0, 2])('never sends the login in clear text to a server whose PRELOGIN says %i', async (prelogin) => {
  const peer = await peerOf({ prelogin: prelogin as 0 | 2, answer: preparedStore(() => emptyView()) });
  for (const encrypt of ['true', 'true&hostNameInCertificate=db.example.org']) {
    const failure = await failureOf(storeAt(peer.port, { encrypt, caFile: 'ca.pem' }).prepare());
    expect(failure).toMatchObject({ fault: 'insecure', code: 'HS_STORE_INSECURE' });
  }
  expect(peer.clearPackets).toEqual([0x12, 0x12]);
  expect(peer.clearBytes().includes(Buffer.from('hot', 'utf16le'))).toBe(false);
  // The peer would have taken it.
  await storeAt(peer.port).prepare();
  expect(peer.clearPackets).toContain(0x10);
});

it.each(['true', 'strict'])(
  'encrypts with encrypt=%s, verifies with the CA that is given, and takes no other',
  async (encrypt) => {
    const tls = { ...certificate, strict: encrypt === 'strict' };
    const peer = await peerOf({ prelogin: 1, tls, answer: preparedStore(() => emptyView()) });
    const store = storeAt(peer.port, { encrypt, caFile: 'ca.pem' });
    await store.prepare();
    expect((await store.look()).nodes).toHaveLength(1);
    expect(peer.clearPackets.filter((type) => type !== 0x12)).toEqual([]);
    expect((await failureOf(storeAt(peer.port, { encrypt, caFile: 'other-ca.pem' }).prepare())).fault).toBe('insecure');
    expect((await failureOf(storeAt(peer.port, { encrypt }).prepare())).fault).toBe('insecure');
    // The name in the certificate counts, or the one that is said to be in it.
    const named = (name: string) => ({ encrypt: `${encrypt}&hostNameInCertificate=${name}`, caFile: 'ca.pem' });
    expect((await failureOf(storeAt(peer.port, named('db.example.org')).prepare())).fault).toBe('insecure');
    expect(
      (await failureOf(storeAt(peer.port, { encrypt, host: 'localhost', caFile: 'ca.pem' }).prepare())).fault,
    ).toBe('insecure');
    expect(peer.clearPackets).not.toContain(0x10);
  },
);

it('says what encrypt=strict needs when the server does not know it', async () => {
  const peer = await peerOf({ prelogin: 'garbage' });
  const failure = await failureOf(storeAt(peer.port, { encrypt: 'strict', caFile: 'ca.pem' }).prepare());
  expect(failure.message).toContain('SQL Server 2022');
});

it('takes a changed password at the next connection', async () => {
  const peer = await peerOf({ answer: preparedStore(() => emptyView()) });
  const store = storeAt(peer.port, { passwordFile: 'later' });
  expect(await failureOf(store.prepare())).toMatchObject({ fault: 'refused' });
  await writeFile(join(folder, 'later'), password);
  await store.prepare();
});

it.each(['hang', 'open'])('closes at once, whatever is under way (%s), and leaves no socket', async (kind) => {
  const peer = await peerOf(
    kind === 'hang' ? { answer: preparedStore((text) => (isBeat(text) ? 'hang' : emptyView())) } : { login: 'silent' },
  );
  const store = new MssqlLeaseStore({ ...optionsOf(peer.port), statementTimeoutMs: 10_000 });
  if (kind === 'hang') await store.prepare();
  const hanging = failureOf(kind === 'hang' ? store.beat(beat) : store.prepare());
  await eventually(() => (kind === 'hang' ? peer.requests.some(isBeat) : peer.clearPackets.includes(0x10)), 2000);
  const startedAt = performance.now();
  await store.close();
  expect((await hanging).fault).toBe(kind === 'hang' ? 'unknown' : 'unreachable');
  expect(performance.now() - startedAt).toBeLessThan(500);
  expect((await failureOf(store.look())).message).toContain('closed');
  await eventually(() => peer.openSockets() === 0, 2000, 'no socket left');
});

it('sends every value as a parameter', async () => {
  const odd = "x'; DROP TABLE reign; --";
  const peer = await peerOf({ answer: preparedStore((text) => (isBeat(text) ? 'hang' : emptyView())) });
  const store = storeAt(peer.port);
  await store.prepare();
  await failureOf(store.claim({ ...claim, nodeId: odd }));
  const [sent] = peer.requests.filter((text) => text.includes('tenure_epoch = COALESCE'));
  // In the text of the statement there are names only; the value is beside it.
  expect(sent).toContain('WHERE node_id = @next');
  expect(sent?.split(odd)).toHaveLength(2);
  await expect(store.claim({ ...claim, nodeId: 'y'.repeat(201) })).rejects.toThrow(/longer than 200/);
  await expect(store.beat({ ...beat, count: 1.5 })).rejects.toThrow(/integer/);
});

it('keeps the history on a connection of its own, each transition once', async () => {
  const rows = { columns: ['id', 'at', 'epoch', 'node', 'nodeId', 'from', 'to', 'rule', 'evidence', 'operator'] };
  const listed = [
    't1',
    '2026-11-21T12:00:00.007Z',
    '3',
    'a',
    'id-a',
    'standby',
    'active',
    'r',
    '{"silentMs":160}',
    null,
  ];
  const peer = await peerOf({
    answer: preparedStore((text) => (text.includes('SELECT TOP') ? [{ ...rows, rows: [listed] }] : [])),
  });
  const history = new MssqlHistory(optionsOf(peer.port));
  open.push(history);
  const transition = {
    id: 't1',
    node: 'a',
    nodeId: 'id-a',
    epoch: 3,
    from: 'standby',
    to: 'active',
    rule: 'r',
    evidence: { silentMs: 160 },
    operator: null,
    at: '2026-11-21T12:00:00.007Z',
  };
  await history.append([transition]);
  expect(await history.list(5)).toEqual([transition]);
  await history.append([]);
  await history.close();
  await eventually(() => peer.openSockets() === 0, 2000, 'no socket left');
  expect(await failureOf(history.list(5))).toMatchObject({ fault: 'unreachable' });
});

it('is inert until it is used and ends cleanly when it never was', async () => {
  await new MssqlLeaseStore(optionsOf(1)).close();
  await new MssqlHistory(optionsOf(1)).close();
});
