// Two notifiers as they are shipped, with real NATS servers joined by a leaf, a real PostgreSQL and a real SMTP server.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { PostgresLeaseStore } from '@hotstandby/adapters/postgres';
import { systemClock } from '@hotstandby/adapters/system';
import { makeEvent, serviceStatus, subjects, type EventData, type EventType } from '@hotstandby/contracts';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { freePort } from '../parts/nats-server.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { Catcher } from './smtp-catcher.ts';
import { endChild } from '../parts/end-child.ts';

const app = fileURLToPath(new URL('../../apps/notifier', import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const recipients = ['ann@example.org', 'bob@example.org', 'eve@example.org'];

/** The arbiter's side of a node: grants, events; and the node's notifier as a process. */
class Node {
  readonly name: string;
  readonly nats: PairedNats;
  readonly arbiter: NatsParts;
  readonly incarnation = randomUUID();
  #child: ChildProcess | null = null;
  #granting: NodeJS.Timeout | undefined;
  status: { health: string; summary: string; detail: Record<string, unknown> } | null = null;

  constructor(nats: PairedNats, arbiter: NatsParts) {
    this.name = nats.name;
    this.nats = nats;
    this.arbiter = arbiter;
    arbiter.bus.subscribe(subjects.status(this.place(), 'notifier'), (payload) => {
      this.status = serviceStatus.parse(payload);
    });
  }

  place() {
    return { cluster: 'test', node: this.name };
  }

  async start(): Promise<void> {
    this.status = null;
    const bundle = join(app, 'bundle/main.mjs');
    this.#child = spawn(process.execPath, [bundle, '--config', join(this.nats.dir, 'node.yaml')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await eventually(() => this.status, 20_000, `the status of ${this.name}'s notifier`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await endChild(this.#child, signal);
  }

  grant(epoch: number): void {
    clearInterval(this.#granting);
    const say = () =>
      this.arbiter.bus.publish(subjects.grant(this.place()), {
        role: 'active',
        nodeId: this.name,
        incarnation: this.incarnation,
        epoch,
        deadlineMs: systemClock.monotonicMs() + 1000,
        tenure: { epoch, startedAtWallMs: 0 },
      });
    say();
    this.#granting = setInterval(say, 200);
  }

  silence(): void {
    clearInterval(this.#granting);
  }

  tell<Type extends EventType>(type: Type, data: EventData<Type>, epoch: number): Promise<void> {
    const made = { id: randomUUID(), wallMs: Date.now() };
    return this.arbiter.events.append(makeEvent({ ...this.place(), service: 'arbiter' }, type, data, made, { epoch }));
  }
}

let postgres: Postgres;
let pair: NatsPair;
let store: PostgresLeaseStore;
let a: Node;
let b: Node;
let smtpPort: number;
let catcher: Catcher | null = null;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['../../tools/bundle.mjs', 'notifier'], { cwd: app, timeout: 60_000 });
  postgres = await startPostgres();
  pair = await startNatsPair(['127.0.0.43', '127.0.0.44']);
  smtpPort = await freePort('127.0.0.1');
  const storeConfig = { url: postgres.url, schema: 'hotstandby' };
  store = new PostgresLeaseStore({ store: storeConfig, cluster: 'test', log: quiet });
  await store.prepare();
  const node = async (nats: PairedNats) => {
    const config = {
      ...nats.config,
      store: storeConfig,
      profile: 'standard',
      http: { notifier: await freePort(nats.config.node.address) },
      notifier: {
        enabled: true,
        smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none' },
        from: 'hs@example.org',
        to: recipients.join(', '),
        quietSeconds: 0,
      },
    };
    await writeFile(join(nats.dir, 'node.yaml'), JSON.stringify(config));
    return new Node(nats, await connectNats({ config: nats.config, service: 'arbiter', log: quiet }));
  };
  a = await node(pair.a);
  b = await node(pair.b);
  await Promise.all([a.start(), b.start()]);
});

afterEach(async () => {
  await catcher?.close();
  catcher = null;
});
afterAll(async () => {
  for (const node of [a, b]) {
    node?.silence();
    await node?.kill();
    await node?.arbiter.close();
  }
  await store?.close();
  await pair?.remove();
  await postgres?.stop();
});

async function claim(node: Node): Promise<number> {
  const view = await store.enter({
    nodeId: node.name,
    name: node.name,
    incarnation: node.incarnation,
    hostAddress: node.nats.config.node.address,
    consolePort: 1,
    natsPort: 1,
    serverRole: 'STANDBY',
    version: '0',
    timeZone: 'UTC',
    remembers: { epoch: 0, membership: 0 },
    replaces: null,
  });
  if (!view) throw new Error('the row is another one’s');
  const holder = view.nodes.find((row) => row.nodeId === view.reign.holder);
  const request = { nodeId: node.name, incarnation: node.incarnation, seen: view.reign, timeline: view.timeline };
  const reign = await store.claim({ ...request, seenHolderCount: holder?.lastCount ?? null, rebase: null });
  if (!reign) throw new Error('the claim was refused');
  return reign.epoch;
}

const outbox = () => postgres.sql('select * from hotstandby.outbox');
const subjectsOf = () => (catcher?.mails ?? []).map((mail) => mail.subject).sort();

it("sends a dead node's alert once, and the take-over, though it died between adding and sending", async () => {
  const first = await claim(a);
  a.grant(first);
  await a.tell('service.failed', { service: 'collector', code: 'HS_X', message: 'it fell' }, first);
  await eventually(async () => (await outbox()).length === 1, 10_000, 'the alert in the outbox');
  await eventually(() => a.status?.health === 'degraded', 10_000, 'a status that says that mail does not work');
  expect(a.status?.detail['code']).toBe('HS_MAIL_UNREACHABLE');

  a.silence();
  await a.kill();
  const second = await claim(b);
  const change = {
    from: 'standby',
    to: 'active',
    rule: 'R1',
    reason: 'silence',
    planned: false,
    operator: null,
    evidence: {},
  } as const;
  await b.tell('role.changed', change, second);
  b.grant(second);
  catcher = await Catcher.open({ port: smtpPort });
  await eventually(() => (catcher?.mails.length ?? 0) >= 2, 60_000, 'both mails');
  // The node that died comes back as the standby and reads everything again.
  await a.start();
  await wait(3000);
  expect(subjectsOf()).toEqual(['[hotstandby] TAKE-OVER: b is active', '[hotstandby] collector failed on a']);
  for (const mail of catcher.mails) expect(mail.to).toEqual(recipients);
  await eventually(() => b.status?.health === 'ok', 10_000, 'a status that is well again');
});

it('adds nothing for a node whose reign is over, whatever it believes', async () => {
  catcher = await Catcher.open({ port: smtpPort });
  const before = (await outbox()).length;
  b.silence();
  await wait(1100);
  // As if it had been frozen: a grant of the reign that ended.
  a.grant(1);
  await a.tell('service.failed', { service: 'arbiter', code: 'HS_X', message: 'late' }, 1);
  await eventually(() => a.status?.detail['code'] === 'HS_NOT_ACTIVE', 10_000, 'that the store refuses it');
  await wait(2000);
  expect((await outbox()).length).toBe(before);
  expect(catcher.mails).toEqual([]);
  a.silence();
  b.grant(2);
  await eventually(() => catcher?.mails.length === 1, 20_000, 'the mail of the node that holds the lease');
});

it('delivers to the good recipients when one is refused, and tells which', async () => {
  catcher = await Catcher.open({ port: smtpPort, recipient: (one) => (one === 'eve@example.org' ? 550 : 0) });
  const failures: { code: string; message: string }[] = [];
  const ending = new AbortController();
  const types = ['mail.failed'];
  // From the oldest on: nobody has to know when the reader is there.
  const reading = b.arbiter.events.read(
    { types },
    ({ data }) => {
      const failure = data as { code: string; message: string };
      if (failure.message.includes('eve@example.org')) failures.push(failure);
    },
    ending.signal,
  );
  await b.tell('sync.conflict', { path: 'x', keptAs: 'x.1' }, 2);
  await eventually(() => catcher?.mails.length === 1 && failures.length === 1, 20_000, 'the mail and the failure');
  expect(catcher.mails[0]?.to).toEqual(['ann@example.org', 'bob@example.org']);
  expect(failures[0]?.code).toBe('HS_MAIL_REFUSED');
  ending.abort();
  await reading;
});

it('goes on after an outage of the store, of NATS, and ends cleanly', async () => {
  catcher = await Catcher.open({ port: smtpPort });
  await postgres.restart();
  await pair.b.kill();
  await pair.b.start();
  await eventually(() => b.arbiter.bus.connected(), 20_000, 'the bus');
  await b.tell('binding.failed', { code: 'HS_BINDING_TOOL', message: 'm', cure: 'c' }, 2);
  await eventually(() => catcher?.mails.length === 1, 60_000, 'the mail');
  const start = performance.now();
  await b.kill('SIGTERM');
  expect(performance.now() - start).toBeLessThan(4000);
});
