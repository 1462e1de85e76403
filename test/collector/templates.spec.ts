import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectNats } from '@hotstandby/adapters/nats';
import { RedisTemplateStore } from '@hotstandby/adapters/redis';
import type { PlainTemplate, TemplateStore } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { startRedis, type RedisServer } from '../parts/redis.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender, type UdpSender } from './udp-sender.ts';

const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const template = (templateId: number, learnedAtMs: number, exporter = '192.0.2.7'): PlainTemplate => ({
  exporter,
  version: 9,
  observationDomain: 4,
  templateId,
  scopeFields: null,
  fields: [[0, 8, 4]],
  learnedAtMs,
});

/** What a store hands over, until the test ends. */
function watched(store: TemplateStore): { seen: PlainTemplate[]; stop: () => void } {
  const seen: PlainTemplate[] = [];
  const end = new AbortController();
  void store.watch((one) => seen.push(one as PlainTemplate), end.signal);
  return { seen, stop: () => end.abort() };
}

describe('templates in JetStream', () => {
  let pair: NatsPair;
  beforeAll(async () => {
    pair = await startNatsPair(['127.0.0.35', '127.0.0.36']);
  });
  afterAll(() => pair?.remove());

  it('are known on both nodes, the newest of each key, also to who comes later', async () => {
    const log = recordingLog();
    const parts = await Promise.all(
      [pair.a, pair.b].map(({ config }) => connectNats({ config, service: 'collector', log })),
    );
    const [a, b] = parts.map((part) => part.templates());
    if (!a || !b) throw new Error('no stores');
    const atA = watched(a);
    const atB = watched(b);
    await eventually(() => a.put(template(256, 1)).then(() => true));
    await a.put({ ...template(256, 2), fields: [[0, 12, 4]] });
    await eventually(() => b.put(template(300, 3, '2001:db8::7')).then(() => true));
    const last = (seen: PlainTemplate[], id: number) => seen.findLast(({ templateId }) => templateId === id);
    for (const { seen } of [atA, atB]) {
      await eventually(() => last(seen, 256)?.learnedAtMs === 2);
      await eventually(() => last(seen, 300)?.exporter === '2001:db8::7');
    }
    const late = watched(b);
    await eventually(() => late.seen.length === 2);
    expect(new Set(late.seen.map(({ templateId }) => templateId))).toEqual(new Set([256, 300]));
    for (const { stop } of [atA, atB, late]) stop();
    await Promise.all(parts.map((part) => part.close()));
  });
});

describe.skipIf(!hasRedis)('templates in Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.remove());

  it('are known to everybody who uses the server, also after an outage of it', async () => {
    const options = { url: redis.url, cluster: 'test', log: recordingLog() };
    const one = new RedisTemplateStore(options);
    const other = new RedisTemplateStore(options);
    const { seen, stop } = watched(other);
    await one.put(template(256, 1));
    await eventually(() => seen.some(({ templateId }) => templateId === 256));
    await redis.stop();
    await expect(one.put(template(257, 2))).rejects.toMatchObject({ code: 'HS_REDIS_UNREACHABLE' });
    await redis.start();
    await eventually(() => one.put(template(257, 2)).then(() => true));
    await eventually(() => seen.some(({ templateId }) => templateId === 257));
    stop();
    await Promise.all([one.close(), other.close()]);
  });
});

describe('a collector whose INGEST holds no template any more', () => {
  let rig: CollectorRig;
  let sender: UdpSender;
  beforeAll(async () => {
    rig = await CollectorRig.start();
    sender = await udpSender();
    await rig.claim();
  }, 120_000);
  afterAll(async () => {
    sender?.close();
    await rig?.stop();
  });
  afterEach(() => rig.endCollectors());

  const field = [0, 1, 0, 4];
  const head = (sets: number, domain: number) =>
    Buffer.from([0, 9, 0, sets, 0, 0, 0, 1, 0x69, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, domain]);
  const announcement = (domain: number) =>
    Buffer.concat([head(1, domain), Buffer.from([0, 0, 0, 12, 1, 0, 0, 1, ...field])]);
  const data = (domain: number, octets: number) =>
    Buffer.concat([head(1, domain), Buffer.from([1, 0, 0, 8, 0, 0, 0, octets])]);

  async function decodesAfterRestart(domain: number, change: string): Promise<void> {
    const before = await rig.readyCollector(change);
    await sender.send(announcement(domain), address, rig.ports.flow);
    await eventually(() => (rig.status(before)?.detail['templates'] as { kept: number } | null)?.kept);
    await before.kill();
    await rig.nats.kill();
    dropStream(join(rig.nats.dir, 'nats', 'jetstream'));
    await rig.nats.start();
    await rig.readyCollector(change);
    rig.grant();
    await sender.send(data(domain, 77), address, rig.ports.flow);
    const row = await eventually(async () => {
      const rows = await rig.rows('flow_record');
      return rows.find((one) => Number(one['observation_domain']) === domain);
    });
    expect(row).toMatchObject({ malformed: null, raw: null });
    expect(Number(row['octets'])).toBe(77);
  }

  it('decodes with what JetStream kept', () => decodesAfterRestart(11, ''), 120_000);

  it.skipIf(!hasRedis)(
    'decodes with what Redis kept',
    async () => {
      const redis = await startRedis();
      try {
        await decodesAfterRestart(12, `  templates: { store: redis, url: "${redis.url}" }\n`);
      } finally {
        await redis.remove();
      }
    },
    120_000,
  );
});

/** As after a day: what was received is not kept any more. */
function dropStream(folder: string): void {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name === 'INGEST',
  );
  if (found.length === 0) throw new Error(`no stream INGEST in ${folder}`);
  for (const { parentPath, name } of found) rmSync(join(parentPath, name), { recursive: true });
}
