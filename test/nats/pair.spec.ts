import { randomUUID } from 'node:crypto';
import { inboxPrefix, makeEvent, subjects, type NatsUser, type ServiceName } from '@hotstandby/contracts';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import type { CloudEvent } from '@hotstandby/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { recordingLog, type RecordingLog } from '../parts/recording-log.ts';

let pair: NatsPair;
const opened = new Map<string, { parts: NatsParts; log: RecordingLog }>();
const ending = new AbortController();
const [a, b] = [
  { cluster: 'test', node: 'a' },
  { cluster: 'test', node: 'b' },
];

beforeAll(async () => {
  pair = await startNatsPair();
  for (const node of [pair.a, pair.b]) {
    for (const service of ['arbiter', 'heartbeat', 'collector', 'console', 'cli', 'subscriber'] as const)
      await open(node, service);
  }
  await eventually(() => [...opened.values()].every(({ parts }) => parts.bus.connected()));
  // The leaf is up once a request from each node reaches the other.
  at('a', 'arbiter').respond(subjects.describe(a), () => 'a');
  at('b', 'arbiter').respond(subjects.describe(b), () => 'b');
  await eventually(() => at('a', 'console').request(subjects.describe(b), null, 500));
  await eventually(() => at('b', 'console').request(subjects.describe(a), null, 500));
});
afterAll(async () => {
  ending.abort();
  await Promise.all([...opened.values()].map(({ parts }) => parts.close()));
  await pair?.remove();
});

async function open(node: PairedNats, service: NatsUser) {
  const log = recordingLog();
  opened.set(`${node.name} ${service}`, {
    parts: await connectNats({ config: node.config, service, log }),
    log,
  });
}
function parts(node: 'a' | 'b', service: NatsUser): NatsParts {
  const found = opened.get(`${node} ${service}`);
  if (!found) throw new Error(`${service} of ${node} is not connected in this test`);
  return found.parts;
}
const at = (node: 'a' | 'b', service: NatsUser) => parts(node, service).bus;
const refusals = (node: 'a' | 'b', service: NatsUser): string[] =>
  (opened.get(`${node} ${service}`)?.log.lines ?? [])
    .filter(({ message }) => message.includes('refused'))
    .map(({ fields }) => String(fields?.['error']));

/**
 * Publishes and then, on the same connection, something allowed: when that has arrived, the first never will. The words
 * are this call's own: what an earlier one said may still be on its way.
 */
async function arrives(subject: string, from: ['a' | 'b', NatsUser], on: ['a' | 'b', NatsUser], pattern = subject) {
  const word = randomUUID();
  const seen: string[] = [];
  const hear = (payload: unknown, heard: string) => void (payload === word && seen.push(heard));
  const marker = `hs.test.${from[0]}.${from[1]}.status`;
  const stop = at(...on).subscribe(pattern, hear);
  const stopMarker = at(...on).subscribe(marker, (payload) => hear(payload, 'marker'));
  await eventually(async () => {
    at(...from).publish(subject, word);
    at(...from).publish(marker, word);
    // Where the subject is the marker itself, hearing it is the end.
    return seen.includes(subject === marker ? subject : 'marker');
  });
  stop();
  stopMarker();
  return seen.includes(subject);
}

it('carries facts, requests and answers over the leaf in both directions', async () => {
  expect(await at('a', 'console').request(subjects.describe(b), null, 2000)).toBe('b');
  expect(await at('b', 'cli').request(subjects.describe(a), null, 2000)).toBe('a');
  at('a', 'arbiter').respond(subjects.switchover(a), () => ({ done: true }));
  expect(await eventually(() => at('b', 'arbiter').request(subjects.switchover(a), null, 1000))).toEqual({
    done: true,
  });
  expect(await arrives(subjects.released(a), ['a', 'arbiter'], ['b', 'arbiter'])).toBe(true);
  expect(await arrives(subjects.released(b), ['b', 'arbiter'], ['a', 'arbiter'])).toBe(true);
  for (const [from, to] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const there = { cluster: 'test', node: from };
    const fact = subjects.status(there, 'heartbeat');
    for (const pattern of [fact, subjects.anyStatus(there), `hs.test.${from}.>`])
      expect(await arrives(fact, [from, 'heartbeat'], [to, 'console'], pattern), pattern).toBe(true);
  }
});

it('lets a service say only what is its own to say', async () => {
  expect(await arrives(subjects.grant(a), ['a', 'arbiter'], ['a', 'collector'])).toBe(true);
  for (const service of ['collector', 'heartbeat', 'console'] as const) {
    expect(await arrives(subjects.grant(a), ['a', service], ['a', 'heartbeat']), service).toBe(false);
    expect(await arrives(subjects.permit(a), ['a', service], ['a', 'heartbeat']), service).toBe(false);
    await eventually(() => refusals('a', service).join().includes(subjects.grant(a)));
  }
  expect(await arrives(subjects.ingest(a), ['a', 'arbiter'], ['a', 'collector'])).toBe(false);
  await expect(at('a', 'collector').request(subjects.execute(a), {}, 300)).rejects.toThrow();
});

it('lets nobody on one node say what is the other node’s, heard by name or by wildcard', async () => {
  for (const [from, to, own] of [
    ['a', 'b', b],
    ['b', 'a', a],
  ] as const) {
    for (const pattern of [subjects.grant(own), 'hs.test.*.*.grant', 'hs.test.>'])
      expect(await arrives(subjects.grant(own), [from, 'arbiter'], [to, 'collector'], pattern), pattern).toBe(false);
    expect(await arrives(subjects.status(own, 'arbiter'), [from, 'arbiter'], [to, 'console'])).toBe(false);
  }
});

it('lets a subscriber read events and say nothing', async () => {
  at('a', 'subscriber').publish(subjects.grant(a), 'word');
  at('a', 'subscriber').publish(subjects.status(a, 'console'), 'word');
  await expect(at('a', 'subscriber').request(subjects.describe(a), null, 300)).rejects.toThrow();
  await eventually(() => refusals('a', 'subscriber').length >= 3);
  at('a', 'subscriber').subscribe(subjects.grant(a), () => {});
  await eventually(() => refusals('a', 'subscriber').some((text) => text.includes('Subscription')));
  at('a', 'console').subscribe(`${inboxPrefix('a', 'arbiter')}.>`, () => {});
  await eventually(() => refusals('a', 'console').some((text) => text.includes('Subscription')));
});

const event = (node: 'a' | 'b', service: ServiceName, id: string): CloudEvent =>
  makeEvent({ cluster: 'test', node, service }, 'peer.found', { peer: 'x' }, { id, wallMs: 0 });

function reading(node: 'a' | 'b', user: NatsUser, afterId?: string) {
  const ids: string[] = [];
  void parts(node, user).events.read({ afterId }, ({ id }) => void ids.push(id), ending.signal);
  return ids;
}

it('shows every event of both nodes once on either node, and resumes by id on the other one', async () => {
  const seen = [reading('a', 'subscriber'), reading('b', 'subscriber')];
  const expected: string[] = [];
  for (let index = 0; index < 20; index += 1) {
    for (const node of ['a', 'b'] as const) {
      const id = `${node}-${index}`;
      expected.push(id);
      await parts(node, 'heartbeat').events.append(event(node, 'heartbeat', id));
    }
  }
  for (const ids of seen) {
    await eventually(() => ids.length >= 40, 20_000);
    expect([...ids].sort()).toEqual([...expected].sort());
    // Of each node's events the order holds.
    expect(ids.filter((id) => id.startsWith('a-'))).toEqual(expected.filter((id) => id.startsWith('a-')));
  }
  // What a reader on a saw up to here, it goes on from on b.
  const middle = 'b-9';
  const rest = reading('b', 'subscriber', middle);
  const wanted = (seen[1] ?? []).slice((seen[1] ?? []).indexOf(middle) + 1);
  await eventually(() => rest.length >= wanted.length);
  expect(rest).toEqual(wanted);
});

it('catches up after a node’s server was killed: what each told meanwhile arrives on the other, and requests work again', async () => {
  const onA = reading('a', 'cli');
  const onB = reading('b', 'cli');
  await parts('a', 'heartbeat').events.append(event('a', 'heartbeat', 'before'));
  await eventually(() => onB.includes('before'), 20_000);
  await pair.b.kill();
  const waiting = parts('b', 'heartbeat').events.append(event('b', 'heartbeat', 'b-meanwhile'));
  await parts('a', 'heartbeat').events.append(event('a', 'heartbeat', 'a-meanwhile'));
  await pair.b.start();
  const startedAt = performance.now();
  await waiting;
  await eventually(() => at('a', 'console').request(subjects.describe(b), null, 500), 20_000);
  const answeredMs = performance.now() - startedAt;
  // The server restarts its reading of the peer only seconds after a kill.
  await eventually(() => onA.includes('b-meanwhile') && onB.includes('a-meanwhile'), 40_000);
  console.info(
    `after a kill: requests over the leaf ${answeredMs.toFixed(0)} ms, events ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  for (const ids of [onA, onB]) expect(new Set(ids).size).toBe(ids.length);
});
