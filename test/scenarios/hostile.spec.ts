import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceNames } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { garbage, randomFrom, sendAll } from './garbage.ts';
import { signal } from './processes.ts';
import { type NodeName, nodeNames, peerOf, RunningPair, telemetryPorts } from './running-pair.ts';
import { storedMessagesQuery, Telemetry, type StoredMessage } from './telemetry.ts';

let pair: RunningPair;
let telemetry: Telemetry;

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  telemetry = new Telemetry(
    nodeNames.map((name) => pair.address(name)),
    telemetryPorts.syslog,
  );
}, 120_000);

afterAll(async () => {
  telemetry?.close();
  await pair?.stop();
}, 60_000);

const pids = () =>
  nodeNames.flatMap((name) => serviceNames.map((service) => `${name}/${service} ${pair.pidOf(name, service)}`));

const tables = { syslog: 'syslog_message', traps: 'snmp_trap', flows: 'flow_record' } as const;

interface Counts extends Record<string, unknown> {
  /** Rows with a mark of what is wrong. */
  malformed: number;
  /** Marked rows that do not hold the datagram. */
  withoutRaw: number;
  all: number;
}

/** Of everything but the scenario's own numbered messages. */
async function counts(kind: keyof typeof tables): Promise<Counts> {
  const others = kind === 'syslog' ? `where app_name is distinct from 'scenario'` : '';
  const [row] = await pair.sql<Counts>(
    `select count(*)::int as all, (count(*) filter (where malformed is not null))::int as malformed,
            (count(*) filter (where malformed is not null and raw is null))::int as "withoutRaw"
       from ${tables[kind]} ${others}`,
  );
  if (!row) throw new Error('no answer');
  return row;
}

describe('garbage on every telemetry port', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);

  it.each([
    ['syslog', telemetryPorts.syslog],
    ['traps', telemetryPorts.trap],
    ['flows', telemetryPorts.netflow],
    ['flows', telemetryPorts.ipfix],
  ] as const)(
    `of every length and kind to %s (port %i) is stored raw and marked, and nobody falls (seed ${seed})`,
    async (kind, port) => {
      const before = { pids: pids(), counts: await counts(kind) };
      const datagrams = garbage(randomFrom(seed), kind);
      for (const name of nodeNames) await sendAll(datagrams, pair.address(name), port);

      // What is whole by chance, or a template alone, makes no marked row; most of it is not.
      const now = await eventually(
        async () => {
          const after = await counts(kind);
          return after.malformed - before.counts.malformed >= datagrams.length / 4 ? after : null;
        },
        20_000,
        'marked rows',
      );
      expect(now.withoutRaw).toBe(0);
      // One message is one row: nothing of it is dropped. A trap is one as well; a flow datagram may hold none or many.
      if (kind !== 'flows')
        await eventually(
          async () => (await counts(kind)).all - before.counts.all === datagrams.length,
          20_000,
          `${datagrams.length} rows`,
        ).catch(async (error: unknown) => {
          throw new Error(`${String(error)}; there are ${(await counts(kind)).all - before.counts.all}`, {
            cause: error,
          });
        });
      expect(pids()).toEqual(before.pids);
    },
  );

  it('costs no message that is good, and no role', async () => {
    await pair.settled();
    const count = telemetry.sent;
    const faults = async () =>
      telemetry.faultsOf(
        await pair.sql<StoredMessage & Record<string, unknown>>(storedMessagesQuery, [telemetry.run]),
        count,
      );
    await eventually(async () => (await faults()).length === 0, 20_000).catch(() => {});
    expect(await faults()).toEqual([]);
    const [row] = await pair.sql<{ epochs: number }>('select count(distinct epoch)::int as epochs from syslog_message');
    expect(row?.epochs).toBe(1);
  });
});

describe('an SMTP server that hangs', () => {
  /** Subjects of the mails, without the prefix. */
  const takeovers = () =>
    pair.mails().filter((mail) => /^Subject: .*(took over|take-over|takeover|active)/im.test(mail)).length;

  it('holds up nothing, and the alert of a take-over comes once when it goes on', async () => {
    const active: NodeName = await pair.settled();
    const before = takeovers();
    const catcher = pair.mailCatcherPid();
    signal(catcher, 'SIGSTOP');
    try {
      const { code, out, err } = await pair.cli(['switchover', '--json']);
      expect(code, `${out}${err}`).toBe(0);
      expect(await pair.settled()).toBe(peerOf(active));
    } finally {
      signal(catcher, 'SIGCONT');
    }
    await eventually(() => takeovers() > before, 60_000, 'the mail of the take-over');
    expect(takeovers()).toBe(before + 1);
  });
});
