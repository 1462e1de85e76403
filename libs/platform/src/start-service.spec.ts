import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { parseConfig, type NodeConfig } from '@hotstandby/config';
import type { EventLog, CloudEvent, Logger, Service, ServiceReport } from '@hotstandby/ports';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { startService, type RunningService } from './start-service.ts';

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

function configOf(ports: Record<string, number>): NodeConfig {
  const result = parseConfig(
    JSON.stringify({
      cluster: 'c',
      node: { name: 'a', kind: 'primary', address: '127.0.0.1', dataDir: '/nowhere' },
      peer: { name: 'b', address: '127.0.0.2' },
      store: { url: 'postgresql://u@127.0.0.1:1/d' },
      nats: { url: 'nats://127.0.0.1:1', keysDir: '/nowhere' },
      http: ports,
    }),
  );
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config;
}

class Kept implements EventLog {
  readonly kept: CloudEvent[] = [];
  append = async (event: CloudEvent) => void this.kept.push(event);
  read = async () => {};
}

class Worker implements Service {
  said: ServiceReport = { health: 'ok', summary: 'works', detail: { n: 1 } };
  stopped = false;
  failWith: Error | null = null;
  start = async () => {
    if (this.failWith) throw this.failWith;
  };
  stop = async () => void (this.stopped = true);
  report = () => this.said;
}

const started: RunningService[] = [];
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
});

async function start(name: 'collector' | 'console', ports: Record<string, number>, worker = new Worker()) {
  const bus = new LocalBus();
  const events = new Kept();
  let closed = false;
  const wire = async () => ({
    clock: systemClock,
    ids: systemIds,
    bus,
    events,
    service: () => worker,
    close: async () => void (closed = true),
  });
  const ended = () => closed;
  try {
    const running = await startService(name, configOf(ports), quiet, wire, new AbortController().signal);
    started.push(running);
    const get = (path: string) => fetch(`http://127.0.0.1:${running.httpPort}${path}`);
    return { running, bus, events, worker, get, ended };
  } catch (error) {
    return { error, bus, events, worker, ended };
  }
}

async function running(name: 'collector' | 'console', ports: Record<string, number>) {
  const result = await start(name, ports);
  if (!('running' in result) || !result.running) throw result.error;
  return result;
}

it('answers health and metrics, and says how the service is', async () => {
  const { get, worker } = await running('collector', { collector: 0 });
  expect((await get('/health/live')).status).toBe(200);
  expect((await get('/health/ready')).status).toBe(200);
  expect(await (await get('/health')).json()).toMatchObject({
    service: 'collector',
    node: 'a',
    health: 'ok',
    summary: 'works',
    ready: true,
  });
  const text = await (await get('/metrics')).text();
  expect(text).toContain('process_cpu_seconds_total');
  expect(text).toContain('service="collector"');

  worker.said = { health: 'failed', summary: 'broken', detail: {} };
  expect((await get('/health/ready')).status).toBe(503);
  expect((await get('/health')).status).toBe(503);
  expect((await get('/health/live')).status).toBe(200);
  worker.report = () => {
    throw new Error('no idea');
  };
  expect(await (await get('/health/ready')).json()).toMatchObject({ health: 'failed' });
});

it('answers an unknown address with a code and a cure', async () => {
  const { get } = await running('collector', { collector: 0 });
  const response = await get('/nothing');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'HS_NOT_FOUND', cure: expect.any(String) });
});

it('publishes the status at once, again every second, and at once when the health changes', async () => {
  const { bus, worker, running: service } = await running('collector', { collector: 0 });
  const statuses = () => bus.published.filter(({ subject }) => subject === 'hs.c.a.collector.status');
  expect(statuses().length).toBeGreaterThan(0);
  await expect.poll(() => statuses().at(-1)?.payload).toMatchObject({ health: 'ok', httpPort: service.httpPort });
  const before = statuses().length;
  worker.said = { health: 'failed', summary: 'broken', detail: {} };
  await expect.poll(() => statuses().at(-1)?.payload, { timeout: 900 }).toMatchObject({ health: 'failed' });
  expect(statuses().length - before).toBeLessThanOrEqual(2);
});

it('says nothing while NATS is away, and its status at once when it is back', async () => {
  const { bus } = await running('collector', { collector: 0 });
  await expect.poll(() => bus.published.at(-1)?.payload).toMatchObject({ health: 'ok' });
  bus.setConnected(false);
  const before = bus.published.length;
  bus.setConnected(true);
  expect(bus.published.length).toBe(before + 1);
});

it('tells that it started and stopped, stops the service and closes what was opened', async () => {
  const { running: service, events, worker, ended } = await running('collector', { collector: 0 });
  await service.stop();
  expect(events.kept.map(({ type }) => type)).toEqual(['service.started', 'service.stopped']);
  expect(events.kept[0]).toMatchObject({ source: '/hotstandby/c/a/collector', data: { service: 'collector' } });
  expect(worker.stopped).toBe(true);
  expect(ended()).toBe(true);
});

it('takes a free port when its own is taken, but the console does not', async () => {
  const first = await running('collector', { collector: 0 });
  const taken = first.running.httpPort;
  const second = await running('collector', { collector: taken });
  expect(second.running.httpPort).not.toBe(taken);
  const third = await start('console', { console: taken });
  expect(third).toMatchObject({ error: { code: 'HS_PORT_IN_USE' } });
  expect(third.ended()).toBe(true);
});

it('closes everything and tells why when the service cannot start', async () => {
  const worker = new Worker();
  worker.failWith = Object.assign(new Error('no disk'), { code: 'HS_DATA_UNUSABLE' });
  const result = await start('collector', { collector: 0 }, worker);
  expect(result).toMatchObject({ error: { message: 'no disk' } });
  expect(worker.stopped).toBe(true);
  expect(result.ended()).toBe(true);
  expect(result.events.kept.map(({ type, data }) => [type, data])).toEqual([
    ['service.failed', { service: 'collector', code: 'HS_DATA_UNUSABLE', message: 'Error: no disk' }],
  ]);
});

it('names the address of each replica in the file of HOTSTANDBY_HTTP_FILE, and takes it away at the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hs-replica-'));
  const file = (name: string) => join(folder, name);
  try {
    vi.stubEnv('HOTSTANDBY_HTTP_FILE', file('first'));
    const first = await running('collector', { collector: 0 });
    vi.stubEnv('HOTSTANDBY_HTTP_FILE', file('second'));
    const second = await running('collector', { collector: first.running.httpPort });
    for (const [name, { httpPort }] of [
      ['first', first.running],
      ['second', second.running],
    ] as const) {
      const url = readFileSync(file(name), 'utf8').trim();
      expect(url).toBe(`http://127.0.0.1:${httpPort}`);
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
    }
    await second.running.stop();
    expect(existsSync(file('second'))).toBe(false);
    expect(existsSync(file('first'))).toBe(true);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
});
