import { CodedError } from '@hotstandby/contracts';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPlainNats, type PlainNats } from '../parts/plain-nats.ts';
import { recordingLog, type RecordingLog } from '../parts/recording-log.ts';

let server: PlainNats;
let log: RecordingLog;
let opened: NatsParts[];

beforeEach(async () => {
  server = await startPlainNats(['arbiter', 'console']);
  log = recordingLog();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((parts) => parts.close()));
  await server.remove();
});

async function open(service: 'arbiter' | 'console') {
  const parts = await connectNats({ config: server.config, service, log });
  opened.push(parts);
  return parts.bus;
}

it('carries messages and requests, and an error of the responder with its code', async () => {
  const [arbiter, console] = [await open('arbiter'), await open('console')];
  const seen: unknown[] = [];
  console.subscribe('hs.test.a.*.grant', (payload, subject) => seen.push([subject, payload]));
  arbiter.respond('hs.test.a.arbiter.describe', (payload) => ({ asked: payload }));
  arbiter.respond('hs.test.a.arbiter.switchover', () => {
    throw new CodedError('HS_BUSY', 'not now');
  });
  await eventually(() => arbiter.connected() && console.connected());
  // Both have subscribed once a request of each kind is answered.
  expect(await eventually(() => console.request('hs.test.a.arbiter.describe', { x: 1 }, 1000))).toEqual({
    asked: { x: 1 },
  });
  await expect(console.request('hs.test.a.arbiter.switchover', null, 1000)).rejects.toMatchObject({
    fault: 'remote',
    code: 'HS_BUSY',
    message: 'not now',
  });
  await expect(console.request('hs.test.a.arbiter.nothing', null, 1000)).rejects.toMatchObject({
    fault: 'no-responders',
  });
  arbiter.publish('hs.test.a.arbiter.grant', { epoch: 7 });
  await eventually(() => seen.length === 1);
  expect(seen).toEqual([['hs.test.a.arbiter.grant', { epoch: 7 }]]);
});

it('answers other requests while one handler takes its time, and the slow one times out', async () => {
  const [arbiter, console] = [await open('arbiter'), await open('console')];
  arbiter.respond('slow', () => new Promise(() => {}));
  arbiter.respond('quick', () => 'here');
  await eventually(() => console.request('quick', null, 500));
  const slow = console.request('slow', null, 300);
  expect(await console.request('quick', null, 1000)).toBe('here');
  await expect(slow).rejects.toMatchObject({ fault: 'timeout' });
});

it('waits for a server that is away, drops what is published meanwhile, and goes on after a kill', async () => {
  await server.kill();
  const [arbiter, console] = [await open('arbiter'), await open('console')];
  const statuses: boolean[] = [];
  console.onStatus((connected) => statuses.push(connected));
  const seen: unknown[] = [];
  console.subscribe('word', (payload) => seen.push(payload));
  arbiter.respond('question', () => 'answer');
  arbiter.publish('word', 'lost');
  await expect(console.request('question', null, 500)).rejects.toMatchObject({ fault: 'disconnected' });
  expect(arbiter.connected()).toBe(false);
  await eventually(() => log.lines.some(({ fields }) => fields?.['code'] === 'HS_NATS_UNREACHABLE'));

  for (let round = 1; round <= 2; round += 1) {
    await server.start();
    await eventually(() => console.request('question', null, 500));
    arbiter.publish('word', `round ${round}`);
    await eventually(() => seen.includes(`round ${round}`));
    await server.kill();
    await eventually(() => !console.connected() && !arbiter.connected());
  }
  expect(seen).toEqual(['round 1', 'round 2']);
  expect(statuses).toEqual([true, false, true, false]);
  // Said once an outage and service, not once a try.
  const complaints = log.lines.filter(({ fields }) => fields?.['code'] === 'HS_NATS_UNREACHABLE');
  expect(complaints.length).toBeLessThanOrEqual(6);
  expect(log.lines.some(({ fields }) => fields?.['dropped'] === 1)).toBe(true);
});

it('fails a request at once when the server dies under it', async () => {
  const [arbiter, console] = [await open('arbiter'), await open('console')];
  arbiter.respond('slow', () => new Promise(() => {}));
  arbiter.respond('quick', () => 'here');
  await eventually(() => console.request('quick', null, 500));
  const asked = expect(console.request('slow', null, 60_000)).rejects.toMatchObject({ fault: 'disconnected' });
  await server.kill();
  await asked;
});

it('names a refused or missing key, and takes the right one when it comes', async () => {
  const keyFile = join(server.config.nats.keysDir, 'console.nk');
  const { nkeys } = await import('@nats-io/transport-node');
  const stranger = new TextDecoder().decode(nkeys.createUser().getSeed());
  await writeFile(keyFile, stranger);
  const console = await open('console');
  const line = await eventually(() => log.lines.find(({ fields }) => fields?.['code'] === 'HS_NATS_REFUSED'));
  expect(line.message).toContain('refuses the key of console');
  expect(JSON.stringify(log.lines)).not.toContain(stranger.slice(0, 20));
  expect(console.connected()).toBe(false);
});

it('closes at once although the server is away', async () => {
  await server.kill();
  await open('console');
  const before = performance.now();
  await opened[0]?.close();
  expect(performance.now() - before).toBeLessThan(1000);
});
