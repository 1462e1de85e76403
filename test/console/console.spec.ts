import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import {
  activeAnswer,
  apiError,
  historyAnswer,
  pairStatus,
  staleSendersAnswer,
  type PairStatus,
} from '@hotstandby/contracts';
import { PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { ask, startRig, type Rig, virtualName } from './rig.ts';
import { openSse } from './sse-client.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  rig.a.start('heartbeat', 'arbiter', 'console');
  await eventually(async () => (await ask(`${rig.a.consoleUrl}/health/active`)).status === 200, 30_000, 'an active');
  rig.b.start('heartbeat', 'arbiter', 'console');
  await eventually(async () => (await statusOf('b')).redundancy === 'ready', 30_000, 'a standby');
});
afterAll(() => rig.remove());

async function statusOf(name: 'a' | 'b'): Promise<PairStatus> {
  return pairStatus.parse((await ask(`${rig[name].consoleUrl}/api/status`)).body);
}

describe('the console', () => {
  it('says 200 on the active, and 503 with the address of the active on the standby', async () => {
    const active = await ask(`${rig.a.consoleUrl}/health/active`);
    expect(active.status).toBe(200);
    expect(activeAnswer.parse(active.body)).toMatchObject({ active: true, node: 'a', role: 'active', epoch: 1 });

    const standby = await eventually(async () => {
      const answer = await ask(`${rig.b.consoleUrl}/health/active`);
      return answer.headers.get('x-hotstandby-active') ? answer : null;
    });
    expect(standby.status).toBe(503);
    expect(standby.headers.get('x-hotstandby-active')).toBe('127.0.0.41');
    const body = activeAnswer.parse(standby.body);
    expect(body).toMatchObject({ active: false, node: 'b', activeNode: { name: 'a', address: '127.0.0.41' } });
    expect(body.activeNode?.consolePort).toBe(Number(new URL(rig.a.consoleUrl).port));
    expect(standby.headers.get('location')).toBe(`${rig.a.consoleUrl}/health/active`);
    expect(active.headers.get('location')).toBeNull();
  });

  it('leads a browser to the active from either node', async () => {
    for (const { consoleUrl } of [rig.a, rig.b]) {
      const to = async (path: string) => {
        const response = await fetch(`${consoleUrl}${path}`, { redirect: 'manual' });
        expect(response.status).toBe(307);
        return response.headers.get('location');
      };
      expect(await to('/active')).toBe(`${rig.a.consoleUrl}/api/status`);
      expect(await to('/active/api/history?last=3')).toBe(`${rig.a.consoleUrl}/api/history?last=3`);
      // It stays on the active's host, whatever the path says.
      expect(await to('/active//example.org/x')).toBe(`${rig.a.consoleUrl}//example.org/x`);
    }
  });

  it('lists who still asks the standby by the virtual name', async () => {
    const byName = (url: string) =>
      new Promise<void>((resolve, reject) => {
        const options = { headers: { host: `${virtualName}:8080` }, localAddress: '127.0.0.7' };
        get(`${url}/health/active`, options, (response) => response.resume().once('end', () => resolve())).once(
          'error',
          reject,
        );
      });
    await byName(rig.a.consoleUrl);
    const { senders, more } = await eventually(async () => {
      await byName(rig.b.consoleUrl);
      const answer = staleSendersAnswer.parse((await ask(`${rig.a.consoleUrl}/api/stale-senders`)).body);
      return answer.senders.length > 0 ? answer : null;
    });
    expect(senders).toMatchObject([{ node: 'b', service: 'console', source: '127.0.0.7', via: 'http' }]);
    expect(more).toBe(0);
    const shown = await rig.cli(['status', '--config', rig.a.configFile]);
    expect(shown.out).toMatch(/STALE SENDER\s+SENDS\s+TO NODE\s+COUNT\s+LAST SEEN\n127\.0\.0\.7\s+http\s+b\s+\d+/);
  });

  it('shows both nodes on either', async () => {
    for (const name of ['a', 'b'] as const) {
      const status = await eventually(async () => {
        const seen = await statusOf(name);
        const complete = seen.nodes.every(
          ({ services, arbiter }) => services.length === 3 && arbiter?.role !== 'starting',
        );
        return complete ? seen : null;
      });
      expect(status).toMatchObject({ cluster: 'test', epoch: 1, redundancy: 'ready', active: { name: 'a' } });
      expect(status.nodes.map((node) => [node.name, node.asked, node.arbiter?.role])).toEqual(
        name === 'a'
          ? [
              ['a', true, 'active'],
              ['b', false, 'standby'],
            ]
          : [
              ['b', true, 'standby'],
              ['a', false, 'active'],
            ],
      );
      expect(status.events.map(({ type }) => type)).toContain('role.changed');
      for (const { services } of status.nodes)
        expect(services.map(({ service }) => service)).toEqual(['arbiter', 'console', 'heartbeat']);
    }
  });

  it('shows history and records', async () => {
    const history = await eventually(async () => {
      const { transitions } = historyAnswer.parse((await ask(`${rig.b.consoleUrl}/api/history?last=5`)).body);
      return transitions.some(({ to }) => to === 'active') ? transitions : null;
    });
    expect(history.length).toBeLessThanOrEqual(5);

    const store = new PostgresRecordStore({
      store: { url: rig.postgres.url, schema: 'hotstandby' },
      cluster: 'test',
      log: recordingLog(),
    });
    await store.prepare();
    await store.close();
    const { status, body } = await ask(`${rig.a.consoleUrl}/api/records/syslog?last=3`);
    expect({ status, body }).toEqual({ status: 200, body: { kind: 'syslog', records: [] } });
    expect((await eventually(async () => (await statusOf('a')).store.records)).syslog).toBe(0);
  });

  it.each([
    ['/api/history?last=0', 400, 'HS_USAGE'],
    ['/api/history?last=1&last=2', 400, 'HS_USAGE'],
    ['/api/records/mails', 400, 'HS_USAGE'],
    ['/api/records/syslog?last=many', 400, 'HS_USAGE'],
    ['/api/events?types=%00', 400, 'HS_USAGE'],
    [`/api/events?after=${'x'.repeat(300)}`, 400, 'HS_USAGE'],
    ['/api/nothing', 404, 'HS_NOT_FOUND'],
    ['/', 404, 'HS_NOT_FOUND'],
  ])('answers %s with %d %s, a message and a cure', async (path, status, code) => {
    const answer = await ask(`${rig.a.consoleUrl}${path}`);
    expect(answer.status).toBe(status);
    expect(apiError.parse(answer.body).code).toBe(code);
  });

  it('survives what is not HTTP', async () => {
    const { hostname, port } = new URL(rig.a.consoleUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.end(Buffer.from('\u0000\u0001GET nonsense\r\n\r\n'));
    socket.resume();
    await once(socket, 'close');
    expect((await ask(`${rig.a.consoleUrl}/health/live`)).status).toBe(200);
  });

  it('exits with HS_PORT_IN_USE when its port is taken', async () => {
    const taken = rig.a.process('console');
    rig.a.start('console');
    const second = rig.a.process('console');
    expect(await second.ended).toBe(75);
    expect(second.output()).toContain('HS_PORT_IN_USE');
    expect((await ask(`${rig.a.consoleUrl}/health/live`)).status).toBe(200);
    expect(taken.output()).not.toContain('HS_PORT_IN_USE');
  });
});

describe('its server-sent events', () => {
  it('begin with the newest that were asked for, and resume after the last id on either node', async () => {
    const all = await openSse(`${rig.a.consoleUrl}/api/events?last=1000`);
    await eventually(() => all.events.some(({ type }) => type === 'standby.registered'));
    all.close();
    const third = all.events[2];
    const onB = await openSse(`${rig.b.consoleUrl}/api/events?after=ignored-for-the-header`, {
      'last-event-id': third?.id ?? '',
    });
    await eventually(() => onB.events.length > 0);
    expect(onB.events.map(({ id }) => id)).not.toContain(third?.id);
    onB.close();
    const roles = await openSse(`${rig.b.consoleUrl}/api/events?last=1000&types=role.changed,role.changing`);
    await eventually(() => roles.events.length >= 2);
    expect(new Set(roles.events.map(({ type }) => type))).toEqual(new Set(['role.changed', 'role.changing']));
    expect(roles.lastId()).toBe(roles.events.at(-1)?.id);
    roles.close();
  });

  it('are refused to the 33rd reader, and the places of readers that went are free again', async () => {
    const readers = await Promise.all(Array.from({ length: 32 }, () => openSse(`${rig.b.consoleUrl}/api/events`)));
    const refused = await ask(`${rig.b.consoleUrl}/api/events`);
    expect([refused.status, apiError.parse(refused.body).code]).toEqual([429, 'HS_TOO_MANY']);
    for (const reader of readers) reader.close();
    const again = await eventually(async () => {
      const reader = await openSse(`${rig.b.consoleUrl}/api/events`);
      reader.close();
      return reader.status === 200;
    });
    expect(again).toBe(true);
  });

  it('cost no memory for a client that does not read', async () => {
    const { hostname, port } = new URL(rig.b.consoleUrl);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`GET /api/events?last=1000 HTTP/1.1\r\nHost: x\r\n\r\n`);
    socket.pause();
    expect((await ask(`${rig.b.consoleUrl}/api/status`)).status).toBe(200);
    socket.destroy();
  });
});

describe('the command line', () => {
  it('shows the pair, as text and as JSON', async () => {
    const text = await rig.cli(['status'], { env: { HOTSTANDBY_CONFIG: rig.a.configFile } });
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toMatch(/^active +a \(127\.0\.0\.41\)$/m);
    expect(text.out).toMatch(/^redundancy +ready/m);
    expect(text.out).toMatch(/^b +127\.0\.0\.42 +standby/m);
    expect(text.out).not.toContain('\u001b');
    const json = await rig.cli(['status', '--json', '--config', rig.b.configFile]);
    expect(pairStatus.parse(JSON.parse(json.out))).toMatchObject({ active: { name: 'a' }, redundancy: 'ready' });
  });

  it('shows events, the history and records', async () => {
    const config = ['--config', rig.b.configFile];
    const events = await rig.cli(['events', '--last', '1000', '--type', 'role.changed', '--json', ...config]);
    expect(events.code).toBe(0);
    const lines = events.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id: string });
    expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(['role.changed']));
    const after = await rig.cli(['events', '--after', lines.at(-1)?.id ?? '', '--type', 'role.changed', ...config]);
    expect(after).toEqual({ code: 0, out: '', err: '' });
    expect(await rig.cli(['history', ...config])).toMatchObject({ code: 0, out: expect.stringContaining('active') });
    expect(await rig.cli(['records', 'flows', ...config])).toMatchObject({
      code: 0,
      out: 'No flows are stored yet.\n',
    });
  });

  it('follows events until it is told to stop', async () => {
    const main = `${rig.folder}/bundles/cli/main.mjs`;
    const child = spawn(process.execPath, [main, 'events', '-f', '--last', '1', '--config', rig.a.configFile]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = once(child, 'close');
    await eventually(() => out.includes('\n'));
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('checks configurations without connecting', async () => {
    const good = await rig.cli(['check', rig.a.configFile, rig.b.configFile]);
    expect(good).toMatchObject({ code: 0, err: '' });
    const bad = await rig.cli(['check', `${rig.folder}/bundles/cli/main.mjs`, rig.a.configFile]);
    expect(bad.code).toBe(78);
    expect(bad.err).toContain('HS_CONFIG_INVALID');
    expect((await rig.cli(['status'])).code).toBe(78);
    expect((await rig.cli(['status', '--node', 'z', '--config', rig.a.configFile])).code).toBe(64);
  });

  it('switches over and back, with who asked and why in the history', async () => {
    const follow = await openSse(`${rig.a.consoleUrl}/api/events?types=role.changed`);
    const there = await rig.cli(['switchover', '--reason', 'a test', '--config', rig.a.configFile]);
    expect(there).toMatchObject({ code: 0, out: expect.stringContaining('done') });
    await eventually(async () => (await ask(`${rig.b.consoleUrl}/health/active`)).status === 200);
    expect((await ask(`${rig.a.consoleUrl}/health/active`)).status).toBe(503);
    await eventually(() =>
      follow.events.some(({ source, data }) => source.includes('/b/') && (data as { to: string }).to === 'active'),
    );
    follow.close();
    await eventually(async () => (await statusOf('b')).redundancy === 'ready', 30_000, 'a as the standby');
    const back = await rig.cli(['switchover', '--json', '--config', rig.a.configFile]);
    expect(JSON.parse(back.out)).toMatchObject({ done: true });
    await eventually(async () => (await ask(`${rig.a.consoleUrl}/health/active`)).status === 200);
    const history = await eventually(async () => {
      const { out } = await rig.cli(['history', '--json', '--config', rig.a.configFile]);
      const { transitions } = historyAnswer.parse(JSON.parse(out));
      return transitions.some(({ operator }) => operator !== null) ? transitions : null;
    });
    expect(history.map(({ to }) => to).filter((to) => to === 'active').length).toBeGreaterThanOrEqual(3);
  });
});

// In order: each takes something away for good.
describe('when something is away', () => {
  it('answers within two seconds although the store hangs', async () => {
    rig.postgres.freeze();
    try {
      const { status, body, tookMs } = await ask(`${rig.a.consoleUrl}/api/status`);
      expect(status).toBe(200);
      expect(pairStatus.parse(body).store).toMatchObject({ reachable: false, fault: { code: 'HS_STORE_UNREACHABLE' } });
      expect(tookMs).toBeLessThan(2000);
      const history = await ask(`${rig.a.consoleUrl}/api/history`);
      expect(history.status).toBe(503);
      expect(history.tookMs).toBeLessThan(4000);
      expect((await ask(`${rig.a.consoleUrl}/health/live`)).status).toBe(200);
    } finally {
      rig.postgres.thaw();
    }
    await eventually(async () => (await statusOf('a')).active, 30_000, 'an active');
    await eventually(async () => (await statusOf('a')).redundancy === 'ready', 30_000, 'a standby');
  });

  it('says that there is no standby when a switchover is asked for without one', async () => {
    const name = (await statusOf('a')).active?.name === 'a' ? 'b' : 'a';
    await rig[name].process('arbiter').kill();
    await rig[name].process('heartbeat').kill();
    await eventually(async () => (await statusOf('a')).redundancy === 'lost', 30_000, 'a lost standby');
    const asked = await rig.cli(['switchover', '--config', rig.a.configFile]);
    expect(asked.code).toBe(1);
    expect(asked.err).toContain('HS_NO_STANDBY');
    rig[name].start('heartbeat', 'arbiter');
    await eventually(async () => (await statusOf('a')).redundancy === 'ready', 30_000, 'a standby');
  });

  it('answers although its NATS server is dead; events follow when it is back; the CLI asks the other node', async () => {
    const reader = await openSse(`${rig.a.consoleUrl}/api/events`);
    await rig.nats.a.kill();
    await eventually(async () => {
      const { status, body, tookMs } = await ask(`${rig.a.consoleUrl}/api/status`);
      expect(status).toBe(200);
      expect(tookMs).toBeLessThan(2000);
      return pairStatus.parse(body).bus.connected === false;
    });
    await eventually(async () => (await ask(`${rig.a.consoleUrl}/health/active`)).status === 503);

    const one = await rig.cli(['status', '--config', rig.a.configFile]);
    expect(one.code).toBe(69);
    expect(one.err).toContain('HS_NATS_UNREACHABLE');
    expect(one.out).toMatch(/cannot be asked/);
    const other = await rig.cli(['status', '--json'], { inClone: true });
    expect(pairStatus.parse(JSON.parse(other.out)).nodes[0]).toMatchObject({ name: 'b', asked: true });
    expect((await rig.cli(['events', '--last', '1'], { inClone: true })).code).toBe(0);
    expect((await rig.cli(['status', '--node', 'a'], { inClone: true })).code).toBe(69);

    await rig.nats.a.start();
    await eventually(() => reader.events.length > 0, 30_000, 'events after the server came back');
    reader.close();
  });

  it('stops cleanly with readers connected', async () => {
    const reader = await openSse(`${rig.a.consoleUrl}/api/events`);
    expect(reader.status).toBe(200);
    rig.b.start();
    const consoleOfB = rig.b.process('console');
    const onB = await openSse(`${rig.b.consoleUrl}/api/events`);
    const startedAt = performance.now();
    expect(await consoleOfB.stop()).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    await onB.ended;
    reader.close();
  });
});
