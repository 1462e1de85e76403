import { PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { decodeFrame, type FramedDatagram } from '@hotstandby/core/frame';
import { digestOf } from '@hotstandby/core/ledger';
import type { RecordBatch } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import type { CollectorProcess } from './collector-process.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender } from './udp-sender.ts';

let rig: CollectorRig;
let running: CollectorProcess[] = [];

beforeAll(async () => {
  rig = await CollectorRig.start();
  await rig.claim();
}, 120_000);
afterAll(() => rig?.stop());
afterEach(() => rig.endCollectors());

const line = (text: string) => `<13>1 2026-01-01T00:00:00Z host app - - - ${text}`;
const countOf = async (text: string) => {
  const rows = await rig.postgres.sql('select count(*)::int as n from hotstandby.syslog_message where message = $1', [
    text,
  ]);
  return Number(rows[0]?.['n']);
};

async function replicas(count: number): Promise<void> {
  running = await Promise.all(Array.from({ length: count }, () => rig.readyCollector('  feed: dual\n')));
}

/** The same line again and again, from many senders: `SO_REUSEPORT` spreads them over the replicas. */
async function repeat(text: string, times: number): Promise<void> {
  const senders = await Promise.all(Array.from({ length: 16 }, () => udpSender()));
  for (let sent = 0; sent < times; sent++) {
    await senders[sent % senders.length]?.send(line(text), address, rig.ports.syslog);
    // Into many frames.
    if (sent % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 15));
  }
  for (const sender of senders) sender.close();
}

/** What reached INGEST of this text, in its order. */
async function received(text: string, atLeast: number): Promise<FramedDatagram[]> {
  return eventually(async () => {
    const { messages } = await rig.reader.ingest().read({ startTimeMs: 0 }, { messages: 100_000, bytes: 2 ** 28 });
    const all = messages.flatMap(({ frame }) => decodeFrame(frame).datagrams);
    const mine = all.filter(({ bytes }) => new TextDecoder().decode(bytes) === line(text));
    return mine.length >= atLeast ? mine : null;
  });
}

/** As the other node, active meanwhile, stored the copies of these. */
async function storedByPeer(datagrams: FramedDatagram[], clockAheadMs: number | null = null): Promise<void> {
  const reign = await rig.claimSilently('id-b');
  const store = new PostgresRecordStore({
    store: { url: rig.postgres.url, schema: 'hotstandby' },
    cluster: 'test',
    log: recordingLog(),
  });
  const guard = { epoch: reign.epoch, incarnation: reign.holderIncarnation ?? '' };
  const stored = datagrams.map((one) => ({
    digest: digestOf(one),
    receivedAtMs: one.receivedAtMs + 3 + (clockAheadMs ?? 0),
  }));
  const ledger = { nodeId: 'id-b', clockAheadMs, stored, settled: [] };
  const batch: RecordBatch = { messageId: `of-b-${reign.epoch}`, ledger, syslog: [], traps: [], flows: [] };
  const first = datagrams[0]?.receivedAtMs ?? Date.now();
  await store.noteProgress(guard, {
    nodeId: 'id-b',
    settledBeforeMs: first - 1000 + (clockAheadMs ?? 0),
    clockAheadMs,
    ownFromMs: null,
    otherBeforeMs: null,
  });
  expect(await store.store(guard, [store.stage(batch, guard.epoch)])).toMatchObject({ outcome: 'stored' });
  await store.close();
}

describe('two collectors of one node at a take-over', () => {
  it('leave out together what the other node stored of a line that repeats itself', async () => {
    await replicas(2);
    await rig.claim('id-b');
    await repeat('again and again', 400);
    const mine = await received('again and again', 400);
    await storedByPeer(mine.slice(0, 250));
    await rig.claim();
    rig.grant();
    await eventually(async () => (await countOf('again and again')) >= 150, 30_000, 'the rows of the rest');
    // The turn ends some seconds after the take-over, and both go on.
    await eventually(async () => {
      const [turn] = await rig.postgres.sql(
        'select done from hotstandby.delivery_replay order by tenure_epoch desc limit 1',
      );
      return turn?.['done'] === true;
    });
    await repeat('afterwards', 200);
    await eventually(async () => (await countOf('afterwards')) === 200, 30_000, 'rows afterwards');
    expect(await countOf('again and again')).toBe(150);
  }, 120_000);

  it('do so also when the one whose turn it is dies in the middle', async () => {
    await replicas(2);
    await rig.claim('id-b');
    await repeat('the one that dies', 400);
    const mine = await received('the one that dies', 400);
    await storedByPeer(mine.slice(0, 250));
    await rig.claim();
    rig.grant();
    const owner = await eventually(async () => {
      const [turn] = await rig.postgres.sql(
        'select owner from hotstandby.delivery_replay where not done order by tenure_epoch desc limit 1',
      );
      return turn?.['owner'] as string | undefined;
    });
    const holder = running.find((process) => process.output().includes(owner)) ?? running[0];
    await holder?.kill();
    await eventually(async () => (await countOf('the one that dies')) >= 150, 60_000, 'the rows of the rest');
    await eventually(
      async () => {
        const turns = await rig.postgres.sql('select done from hotstandby.delivery_replay where not done');
        return turns.length === 0;
      },
      60_000,
      'the end of the turn',
    );
    expect(await countOf('the one that dies')).toBe(150);
  }, 180_000);

  it('pair by the clock of the store what a node stored whose own clock is an hour off', async () => {
    await replicas(1);
    await rig.claim('id-b');
    await repeat('an hour off', 100);
    const mine = await received('an hour off', 100);
    await storedByPeer(mine.slice(0, 60), 3_600_000);
    await rig.claim();
    rig.grant();
    await eventually(async () => (await countOf('an hour off')) >= 40, 30_000, 'the rows of the rest');
    await repeat('after the hour', 20);
    await eventually(async () => (await countOf('after the hour')) === 20, 30_000, 'rows afterwards');
    expect(await countOf('an hour off')).toBe(40);
  }, 120_000);
});
