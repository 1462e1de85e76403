import { createSocket } from 'node:dgram';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats } from '@hotstandby/adapters/nats';
import { FileSink, type FileSinkOptions } from '@hotstandby/adapters/ndjson';
import { PostgresLeaseStore, PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { systemClock } from '@hotstandby/adapters/system';
import { ForwardSink, originalSourceLack } from '@hotstandby/adapters/udp';
import { inboxPrefix } from '@hotstandby/contracts';
import {
  claimAs,
  deliveredSyslog,
  everyKind,
  telemetrySinkConformance,
  type SinkHarness,
} from '@hotstandby/testing/conformance';
import { jetstream } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair } from '../parts/nats-pair.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { deliverTo, storeIn, textOfLine } from './sink-delivery.ts';

let postgres: Postgres;
let schemas = 0;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

telemetrySinkConformance('PostgreSQL', async (): Promise<SinkHarness> => {
  schemas += 1;
  const schema = `sinks_${schemas}`;
  const options = { store: { url: postgres.url, schema }, cluster: 'c', log: recordingLog(), statementTimeoutMs: 3000 };
  const lease = new PostgresLeaseStore(options);
  const store = new PostgresRecordStore(options);
  await store.prepare();
  const guard = await claimAs(lease, 'a');
  return {
    deliver: (messages) => storeIn(store, guard, messages),
    async arrived() {
      const rows = await postgres.sql(`select message as text from ${schema}.syslog_message
        union all select trap_oid from ${schema}.snmp_trap union all select octets::text from ${schema}.flow_record`);
      return rows.map((row) => String(row['text']));
    },
    again: 'kept once',
    outage: { begin: () => postgres.halt(), end: () => postgres.start() },
    async close() {
      await Promise.all([lease.close(), store.close()]);
    },
  };
});

telemetrySinkConformance('JetStream', async (): Promise<SinkHarness> => {
  const pair = await startNatsPair(['127.0.0.35', '127.0.0.36']);
  const { config } = pair.a;
  const nats = await connectNats({ config, service: 'collector', log: recordingLog() });
  await eventually(() => nats.bus.connected());
  const sink = nats.recordSink({ kinds: everyKind, maxBytes: 16_777_216, maxAgeMs: 600_000 });
  return {
    deliver: (messages) => deliverTo(sink, messages),
    arrived: () => recordsIn(config),
    again: 'kept once',
    outage: {
      begin: () => pair.a.kill(),
      async end() {
        await pair.a.start();
        await eventually(() => nats.bus.connected());
      },
    },
    async close() {
      await sink.close();
      await nats.close();
      await pair.remove();
    },
  };
});

/** As the documentation shows it to anybody with the key of a subscriber. */
async function recordsIn({ nats }: NatsPair['a']['config']): Promise<string[]> {
  const seed = await readFile(join(nats.keysDir, 'subscriber.nk'), 'utf8');
  const connection = await connect({
    servers: nats.url,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.trim())),
    inboxPrefix: inboxPrefix('a', 'subscriber'),
  });
  try {
    const consumer = await jetstream(connection).consumers.get('RECORDS');
    const { num_pending: pending } = await consumer.info();
    const texts: string[] = [];
    if (pending === 0) return texts;
    for await (const message of await consumer.fetch({ max_messages: pending, expires: 5000 })) {
      const kind = message.subject.split('.').at(-1);
      for (const line of message.string().trimEnd().split('\n')) {
        expect(JSON.parse(line)).toMatchObject({ kind, digest: '0000000000000007', epoch: 1 });
        texts.push(textOfLine(line));
      }
    }
    return texts;
  } catch {
    return [];
  } finally {
    await connection.close();
  }
}

describe('a file', () => {
  const fileIn = (dir: string, more: Partial<FileSinkOptions> = {}) =>
    new FileSink({
      path: join(dir, 'telemetry', 'records.ndjson'),
      kinds: everyKind,
      maxBytes: 1_000_000,
      maxAgeMs: 600_000,
      keepFiles: 3,
      fsync: 'always',
      clock: systemClock,
      log: recordingLog(),
      ...more,
    });
  const linesIn = async (folder: string) => {
    const names = await readdir(folder).catch(() => []);
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
  };

  telemetrySinkConformance('a file', async (): Promise<SinkHarness> => {
    const dir = await mkdtemp(join(tmpdir(), 'hs-file-sink-'));
    const folder = join(dir, 'telemetry');
    // Small, so that it is set aside all the time.
    const sink = fileIn(dir, { maxBytes: 20_000, keepFiles: 1000 });
    return {
      deliver: (messages) => deliverTo(sink, messages),
      arrived: async () => (await linesIn(folder)).map(textOfLine),
      again: 'comes again',
      // A folder that is none: as when a disk is not mounted.
      outage: {
        async begin() {
          await sink.close();
          await rename(folder, `${folder}.away`);
          await writeFile(folder, '');
        },
        async end() {
          await rm(folder);
          await rename(`${folder}.away`, folder);
        },
      },
      async close() {
        await sink.close();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });

  it('keeps as many old ones as it may, and ends a line that was cut off', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hs-file-sink-'));
    const folder = join(dir, 'telemetry');
    await mkdir(folder);
    await writeFile(join(folder, 'records.ndjson'), '{"cut":"of');
    await writeFile(join(folder, 'records.ndjson.not-ours'), '');
    const sink = fileIn(dir, { maxBytes: 1 });
    for (let index = 0; index < 8; index++) {
      await deliverTo(sink, [{ messageId: `m${index}`, epoch: 1, datagrams: [deliveredSyslog(`line ${index}`)] }]);
      // The name of a file that is set aside tells milliseconds.
      const before = Date.now();
      await eventually(() => Date.now() > before);
    }
    await sink.close();
    const names = await readdir(folder);
    expect(names).toHaveLength(1 + 1 + 3);
    const kept = (await linesIn(folder)).map(textOfLine);
    expect(kept.toSorted()).toEqual(['line 4', 'line 5', 'line 6', 'line 7']);
    await rm(dir, { recursive: true, force: true });
  });
});

describe('forwarding', () => {
  /** What stands where the monitoring software would, and what it was sent. */
  async function software() {
    const heard: { bytes: Buffer; from: string }[] = [];
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    socket.on('message', (bytes, { address }) => heard.push({ bytes, from: address }));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.37', () => resolve()));
    return { heard, port: socket.address().port, close: () => socket.close() };
  }
  const forwardTo = (port: number, source: 'original' | 'header' | 'none') =>
    new ForwardSink({
      to: { address: '127.0.0.37', port },
      kinds: everyKind,
      source,
      bindAddress: '127.0.0.38',
      log: recordingLog(),
    });

  const canKeep = originalSourceLack({ address: '127.0.0.37', port: 9 }) === null;
  for (const source of ['original', 'header', 'none'] as const) {
    if (source === 'original' && !canKeep) continue;
    telemetrySinkConformance(`other software (source: ${source})`, async (): Promise<SinkHarness> => {
      const there = await software();
      const sink = forwardTo(there.port, source);
      return {
        deliver: (messages) => deliverTo(sink, messages),
        arrived: async () => there.heard.map(({ bytes }) => bytes.subarray(source === 'header' ? 28 : 0).toString()),
        again: 'comes again',
        outage: null,
        async close() {
          await sink.close();
          there.close();
        },
      };
    });
  }

  it('says in front of a datagram where it came from', async () => {
    const there = await software();
    const sink = forwardTo(there.port, 'header');
    await deliverTo(sink, [{ messageId: 'm', epoch: 1, datagrams: [deliveredSyslog('hello')] }]);
    await eventually(() => there.heard.length === 1);
    // PROXY, version 2: signature, PROXY, datagram over IPv4, 12 octets: 192.0.2.7, 127.0.0.37, 40001, 5514.
    const header = ['0d0a0d0a000d0a515549540a', '21', '12', '000c', 'c0000207', '7f000025', '9c41', '158a'].join('');
    expect(there.heard[0]?.bytes.toString('hex')).toBe(header + Buffer.from('hello').toString('hex'));
    expect(there.heard[0]?.from).toBe('127.0.0.38');
    await sink.close();
    there.close();
  });

  it('is held up by nobody: not by a port that is closed, not by a datagram that is too long', async () => {
    const there = await software();
    const sink = forwardTo(there.port, 'header');
    const long = deliveredSyslog('x'.repeat(65_500));
    await deliverTo(sink, [{ messageId: 'm', epoch: 1, datagrams: [long, deliveredSyslog('behind it')] }]);
    await eventually(() => there.heard.length === 1);
    there.close();
    for (let n = 0; n < 5; n++)
      await deliverTo(sink, [{ messageId: `n${n}`, epoch: 1, datagrams: [deliveredSyslog('nobody')] }]);
    await sink.close();
  });
});
