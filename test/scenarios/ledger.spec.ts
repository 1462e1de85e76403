import { ledgerVerification, type LedgerVerification } from '@hotstandby/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { RunningPair, telemetryPorts } from './running-pair.ts';
import { Telemetry } from './telemetry.ts';

let pair: RunningPair;
let telemetry: Telemetry;
/** What is looked at begins a second after the first message that is kept: some fifty are before that. */
let proven = 0;

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  telemetry = new Telemetry([pair.address('a'), pair.address('b')], telemetryPorts.syslog);
}, 300_000);
afterAll(async () => {
  telemetry?.close();
  await pair?.stop();
}, 120_000);

async function verify(): Promise<{ code: number; found: LedgerVerification; err: string }> {
  const { code, out, err } = await pair.cli(['--json', 'ledger', 'verify', '--last', '2m']);
  if (out === '') throw new Error(err);
  return { code, found: ledgerVerification.parse(JSON.parse(out)), err };
}

/** What is stored is on its way for a moment: asked again until the time that is looked at holds this much. */
const verified = (atLeast: number, until: (found: LedgerVerification, code: number) => boolean) =>
  eventually(
    async () => {
      const { code, found } = await verify();
      if (found.totals.received < atLeast || !until(found, code)) throw new Error(JSON.stringify(found));
      return { code, found };
    },
    60_000,
    'a verification',
  );

describe('hotstandby ledger verify', () => {
  it('proves on a running pair that both copies of everything are stored once', async () => {
    await eventually(() => telemetry.sent > 250);
    telemetry.stop();
    const { code, found } = await verified(telemetry.sent - 120, ({ verdict }) => verdict === 'proven');
    expect(code).toBe(0);
    expect(found).toMatchObject({ feed: 'dual', totals: { lost: 0, doubled: 0, unknown: 0 } });
    proven = found.totals.received;
    expect(found.totals.stored).toBe(proven);
    // Each node counts by its own clock, so one at the edge may be on either side of it.
    for (const node of found.nodes) {
      expect(node.fault).toBeNull();
      expect(Math.abs((node.received ?? 0) - proven)).toBeLessThanOrEqual(3);
    }
    expect(found.lines.every(({ source, kind }) => source.startsWith('127.') && kind === 'syslog')).toBe(true);
    const text = await pair.cli(['ledger', 'verify', '--last', '2m']);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^proven: received /m);
  }, 120_000);

  it('stores what the standby alone received while the collector of the active was dead', async () => {
    const active = await pair.settled();
    const more = new Telemetry([pair.address('a'), pair.address('b')], telemetryPorts.syslog);
    try {
      await eventually(() => more.sent > 100);
      const collector = pair.pidOf(active, 'collector');
      process.kill(collector, 'SIGKILL');
      await eventually(() => pair.pidOf(active, 'collector') !== collector, 20_000, 'another collector');
      const { sent } = more;
      await eventually(() => more.sent > sent + 100);
    } finally {
      more.stop();
    }
    // All of it was compared: what is taken out of the ledger from now on nobody makes up for.
    const stoppedAtMs = Date.now();
    const { found } = await verified(proven + more.sent - 120, ({ until, totals }) => {
      const isAll = Date.parse(until) > stoppedAtMs + 2000;
      return isAll && totals.lost + totals.unknown === 0;
    });
    expect(found).toMatchObject({ verdict: 'proven', totals: { doubled: 0 } });
    proven = found.totals.received;
  }, 120_000);

  it('finds a commit that is gone, and one that is there twice', async () => {
    const [gone] = await pair.sql<{ id: string; stored_datagrams: number }>(
      'select id, stored_datagrams from delivery_ledger order by id desc limit 1 offset 3',
    );
    await pair.sql('create table kept as select * from delivery_ledger where id = $1', [gone?.id]);
    await pair.sql('delete from delivery_ledger where id = $1', [gone?.id]);
    const lost = await verified(proven, ({ totals }) => totals.lost > 0);
    expect(lost.code).toBe(1);
    expect(lost.found.totals).toMatchObject({ lost: gone?.stored_datagrams, doubled: 0 });

    await pair.sql('insert into delivery_ledger overriding system value select * from kept');
    await verified(proven, ({ totals }) => totals.lost === 0);
    const columns = `epoch, node_id, first_received_at, last_received_at, stored_datagrams, settled_datagrams, stored, settled, clock_ahead_ms`;
    await pair.sql(`insert into delivery_ledger (${columns}) select ${columns} from kept`);
    const doubled = await verified(proven, ({ totals }) => totals.doubled > 0);
    expect(doubled.code).toBe(1);
    expect(doubled.found.totals).toMatchObject({ lost: 0, doubled: gone?.stored_datagrams });
  }, 180_000);

  it('says what it cannot know when a node is away', async () => {
    const [active] = [await pair.settled()];
    const other = active === 'a' ? 'b' : 'a';
    process.kill(pair.pidOf(other, 'nats-server'), 'SIGSTOP');
    try {
      const { code, out } = await pair.cli(['--json', '--node', active, 'ledger', 'verify', '--last', '2m']);
      const found = ledgerVerification.parse(JSON.parse(out));
      expect(found.notes.join()).toContain(`node ${other} does not tell`);
      expect(found.nodes.find(({ name }) => name === other)).toMatchObject({ seen: 'nothing', received: null });
      expect(found.nodes.find(({ name }) => name === other)?.fault?.code).toMatch(/^HS_/);
      // The commit that is there twice (above) may be what the other one alone received: nobody can say so now.
      expect(found).toMatchObject({ verdict: 'unproven', totals: { lost: 0, doubled: 0 } });
      expect(found.totals.unknown).toBeGreaterThan(0);
      expect(code).toBe(69);
      const text = await pair.cli(['--node', active, 'ledger', 'verify', '--last', '2m']);
      expect(text.code).toBe(69);
      expect(text.out).toMatch(/^unproven: of what could be seen received /m);
    } finally {
      process.kill(pair.pidOf(other, 'nats-server'), 'SIGCONT');
    }
  }, 120_000);
});
