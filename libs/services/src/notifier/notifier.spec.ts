import {
  MailError,
  type CloudEvent,
  type EventLog,
  type Mail,
  type Mailer,
  type MailReceipt,
  type Outbox,
  type OutboxEntry,
} from '@hotstandby/ports';
import { subjects, type Emit } from '@hotstandby/contracts';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { Notifier } from './index.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const count = { add() {}, set() {}, observe() {} };
const metrics = { counter: () => count, gauge: () => count, histogram: () => count };

/** The outbox in memory: one for both nodes, as the store is. */
class MemoryOutbox implements Outbox {
  readonly rows = new Map<
    string,
    OutboxEntry & { state: 'due' | 'sent' | 'failed'; dueAtMs: number; reason?: string }
  >();
  readonly clock: ManualClock;
  epoch = 0;
  away = false;
  constructor(clock: ManualClock) {
    this.clock = clock;
  }
  #check(guard?: { epoch: number }): void {
    if (this.away) throw new Error('the store is away');
    if (guard && guard.epoch < this.epoch) throw new Error('the reign is over');
    this.epoch = Math.max(this.epoch, guard?.epoch ?? 0);
  }
  async prepare() {
    this.#check();
  }
  async add(guard: { epoch: number; incarnation: string }, entry: Omit<OutboxEntry, 'attempts'>) {
    this.#check(guard);
    if (this.rows.has(entry.id)) return false;
    this.rows.set(entry.id, { ...entry, attempts: 0, state: 'due', dueAtMs: 0 });
    return true;
  }
  async due(limit: number) {
    this.#check();
    const now = this.clock.monotonicMs();
    return [...this.rows.values()].filter((row) => row.state === 'due' && row.dueAtMs <= now).slice(0, limit);
  }
  async sent(guard: { epoch: number; incarnation: string }, id: string) {
    this.#check(guard);
    this.#row(id).state = 'sent';
  }
  async failed(id: string, reason: string, retryAfterMs: number | null) {
    this.#check();
    const row = this.#row(id);
    Object.assign(row, { reason, attempts: row.attempts + 1 });
    if (retryAfterMs === null) row.state = 'failed';
    else row.dueAtMs = this.clock.monotonicMs() + retryAfterMs;
  }
  async close() {}
  #row(id: string) {
    const row = this.rows.get(id);
    if (!row) throw new Error(`no ${id}`);
    return row;
  }
}

/** A server whose answers the test decides. */
class MemoryMailer implements Mailer {
  readonly mails: Mail[] = [];
  answer: (mail: Mail) => MailReceipt | Promise<MailReceipt> = (mail) => ({ accepted: mail.to, refused: [] });
  async send(mail: Mail) {
    const receipt = await this.answer(mail);
    if (receipt.accepted.length > 0) this.mails.push(mail);
    return receipt;
  }
  async verify() {}
}

/** The ops stream: a durable reader goes on where it was. */
class MemoryEvents implements EventLog {
  readonly events: CloudEvent[] = [];
  readCount = 0;
  #wake = () => {};
  tell(event: CloudEvent) {
    this.events.push(event);
    this.#wake();
  }
  async append() {}
  async read(_options: unknown, handler: (event: CloudEvent) => Promise<void> | void, signal: AbortSignal) {
    signal.addEventListener('abort', () => this.#wake());
    while (!signal.aborted) {
      const next = this.events[this.readCount];
      if (!next) await new Promise<void>((resolve) => (this.#wake = resolve));
      else {
        await handler(next);
        this.readCount++;
      }
    }
  }
}

function pair() {
  const clock = new ManualClock();
  return { clock, outbox: new MemoryOutbox(clock), mailer: new MemoryMailer(), notified: [] as Notifier[] };
}

async function node(name: string, shared: ReturnType<typeof pair>, to = ['ann@example.org', 'bob@example.org']) {
  const [bus, events, place] = [new LocalBus(), new MemoryEvents(), { cluster: 'c', node: name }];
  const emitted: { type: string; data: unknown }[] = [];
  const emit: Emit = async (type, data) => void emitted.push({ type, data });
  const { clock, outbox, mailer } = shared;
  const notifier = new Notifier({
    ...{ events, outbox, mailer, bus, clock, place, log: quiet, metrics, emit },
    notifier: {
      enabled: true,
      smtp: { host: 'h', port: 25, tls: 'none' },
      from: 'hs@example.org',
      to,
      subjectPrefix: '[hs]',
      alerts: { takeover: true, synchronisation: true, selfMonitoring: true },
      quietSeconds: 300,
    },
  });
  await notifier.start();
  const activate = async (epoch: number) => {
    bus.publish(subjects.grant(place), {
      role: 'active',
      nodeId: name,
      incarnation: 'i',
      epoch,
      deadlineMs: clock.monotonicMs() + 36_000_000,
      tenure: null,
    });
    await turn(shared);
  };
  return { bus, events, notifier, emitted, activate, place };
}

const turn = async ({ clock }: { clock: ManualClock }, ms = 0) => {
  for (let round = 0; round < 10; round++) await clock.advance(ms / 10);
};

let made = 0;
const failed = (clock: ManualClock, service: string, agoMs = 0): CloudEvent => ({
  specversion: '1.0',
  id: `e${made++}`,
  source: '/hotstandby/c/a/arbiter',
  type: 'service.failed',
  time: new Date(clock.wallMs() - agoMs).toISOString(),
  data: { service, code: 'C', message: 'm' },
});

it('sends one mail though both nodes read the event, and only the active does anything', async () => {
  const shared = pair();
  const [a, b] = [await node('a', shared), await node('b', shared)];
  await a.activate(1);
  const event = failed(shared.clock, 'x');
  a.events.tell(event);
  b.events.tell(event);
  await turn(shared);
  expect(shared.mailer.mails).toHaveLength(1);
  expect(a.emitted.map((one) => one.type)).toEqual(['mail.sent']);
  // The other takes over, finds the event, and the outbox knows it.
  await b.activate(2);
  await turn(shared, 5000);
  expect(shared.mailer.mails).toHaveLength(1);
  expect(b.events.readCount).toBe(1);
});

it('sends what the dead node had put into the outbox and not sent', async () => {
  const shared = pair();
  const [a, b] = [await node('a', shared), await node('b', shared)];
  shared.mailer.answer = () => new Promise(() => {});
  await a.activate(1);
  const event = failed(shared.clock, 'x');
  a.events.tell(event);
  b.events.tell(event);
  await turn(shared);
  expect([...shared.outbox.rows.values()].map((row) => row.state)).toEqual(['due']);
  shared.mailer.answer = (mail) => ({ accepted: mail.to, refused: [] });
  await b.activate(2);
  await turn(shared, 3000);
  expect(shared.mailer.mails.map((mail) => mail.id)).toEqual([[...shared.outbox.rows.keys()][0]]);
});

it('adds what the dead node did not get into the outbox, but no old news', async () => {
  const shared = pair();
  const b = await node('b', shared);
  b.events.tell(failed(shared.clock, 'old', 3_700_000));
  b.events.tell(failed(shared.clock, 'recent', 60_000));
  await turn(shared, 5000);
  expect(shared.outbox.rows.size).toBe(0);
  await b.activate(2);
  await turn(shared, 3000);
  expect(shared.mailer.mails.map((mail) => mail.subject)).toEqual(['[hs] recent failed on a']);
});

it('lets what waited too long on a standby go', async () => {
  const shared = pair();
  const b = await node('b', shared);
  b.events.tell(failed(shared.clock, 'x', 0));
  await turn(shared, 3_700_000);
  expect(b.events.readCount).toBe(1);
  expect(shared.outbox.rows.size).toBe(0);
});

it('keeps an alert while the store is away', async () => {
  const shared = pair();
  const a = await node('a', shared);
  await a.activate(1);
  shared.outbox.away = true;
  a.events.tell(failed(shared.clock, 'x'));
  await turn(shared, 20_000);
  expect(a.notifier.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_STORE_UNREACHABLE' } });
  shared.outbox.away = false;
  await turn(shared, 20_000);
  expect(shared.mailer.mails).toHaveLength(1);
  expect(a.notifier.report().health).toBe('ok');
});

it('waits for a server that is away, says so once, and sends everything when it is back', async () => {
  const shared = pair();
  const a = await node('a', shared);
  await a.activate(1);
  let attempts = 0;
  shared.mailer.answer = () => {
    attempts++;
    throw new MailError('HS_MAIL_UNREACHABLE', 'nobody there', false);
  };
  for (const service of ['x', 'y', 'z']) a.events.tell(failed(shared.clock, service));
  await turn(shared, 120_000);
  expect(a.emitted.map((one) => one.type)).toEqual(['mail.failed']);
  expect(attempts).toBeLessThan(12);
  expect(a.notifier.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_MAIL_UNREACHABLE' } });
  shared.mailer.answer = (mail) => ({ accepted: mail.to, refused: [] });
  await turn(shared, 130_000);
  expect(shared.mailer.mails).toHaveLength(3);
  expect(a.notifier.report().health).toBe('ok');
});

it('sends to those who can be reached, and tries again only for whom it may help', async () => {
  const shared = pair();
  const a = await node('a', shared, ['ann@example.org', 'gone@example.org', 'full@example.org']);
  await a.activate(1);
  const asked: string[][] = [];
  let full = true;
  shared.mailer.answer = ({ to }) => {
    asked.push(to);
    const refused = [
      { to: 'gone@example.org', message: '550', permanent: true },
      ...(full ? [{ to: 'full@example.org', message: '452', permanent: false }] : []),
    ].filter((one) => to.includes(one.to));
    return { accepted: to.filter((one) => !refused.some((other) => other.to === one)), refused };
  };
  a.events.tell(failed(shared.clock, 'x'));
  await turn(shared, 500);
  full = false;
  await turn(shared, 20_000);
  expect(asked).toEqual([['ann@example.org', 'gone@example.org', 'full@example.org'], ['full@example.org']]);
  expect(a.emitted).toMatchObject([
    { type: 'mail.sent', data: { to: ['ann@example.org', 'full@example.org'] } },
    { type: 'mail.failed', data: { message: 'gone@example.org: 550' } },
  ]);
  expect([...shared.outbox.rows.values()].map((row) => row.state)).toEqual(['sent']);
});

it('gives a mail up that is refused for good, keeps it for people, and goes on with the next', async () => {
  const shared = pair();
  const a = await node('a', shared);
  await a.activate(1);
  shared.mailer.answer = (mail) => {
    if (mail.subject.includes('bad')) throw new MailError('HS_MAIL_REFUSED', '554 no', true);
    return { accepted: mail.to, refused: [] };
  };
  a.events.tell(failed(shared.clock, 'bad'));
  a.events.tell(failed(shared.clock, 'good'));
  await turn(shared, 5000);
  expect([...shared.outbox.rows.values()].map((row) => row.state)).toEqual(['failed', 'sent']);
  expect(a.emitted.map((one) => one.type)).toEqual(['mail.failed', 'mail.sent']);
  expect(a.notifier.report().health).toBe('ok');
});

it('does not send a mail again that only could not be marked', async () => {
  const shared = pair();
  const a = await node('a', shared);
  await a.activate(1);
  shared.mailer.answer = (mail) => {
    shared.outbox.away = true;
    return { accepted: mail.to, refused: [] };
  };
  a.events.tell(failed(shared.clock, 'x'));
  await turn(shared, 5000);
  expect(shared.mailer.mails).toHaveLength(1);
  shared.outbox.away = false;
  await turn(shared, 10_000);
  expect(shared.mailer.mails).toHaveLength(1);
  expect([...shared.outbox.rows.values()].map((row) => row.state)).toEqual(['sent']);
});

it('ends while it waits', async () => {
  const shared = pair();
  const b = await node('b', shared);
  b.events.tell(failed(shared.clock, 'x'));
  await turn(shared);
  const stopping = b.notifier.stop();
  await turn(shared, 5000);
  await stopping;
  expect(b.events.readCount).toBe(0);
});
