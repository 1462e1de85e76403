import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceNames } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { type GrantWatch, monotonicMs, overlapsOf, spansOf } from './grant-watch.ts';
import { signal } from './processes.ts';
import { nodeNames, peerOf, RunningPair, telemetryPorts } from './running-pair.ts';
import { storedMessagesQuery, Telemetry, type StoredMessage } from './telemetry.ts';

// Slow enough for a machine with other work: what is tried here is what happens, not how fast.
let pair: RunningPair;
let grants: GrantWatch;
let telemetry: Telemetry;

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  grants = await pair.watchGrants();
  telemetry = new Telemetry(
    nodeNames.map((name) => pair.address(name)),
    telemetryPorts.syslog,
  );
}, 120_000);

afterAll(async () => {
  telemetry?.close();
  await grants?.close();
  await pair?.stop();
}, 60_000);

const stored = () => pair.sql<StoredMessage & Record<string, unknown>>(storedMessagesQuery, [telemetry.run]);

/** What is stored when everything that was sent until now is, or has had its time. */
async function delivered(what: string): Promise<StoredMessage[]> {
  const count = telemetry.sent;
  let rows: StoredMessage[] = [];
  const faults = async () => {
    rows = await stored();
    return telemetry.faultsOf(rows, count);
  };
  // What one node alone received is stored when the nodes were compared: 7 to 17 s later.
  await eventually(async () => (await faults()).length === 0, 60_000).catch(() => {});
  expect(telemetry.faultsOf(rows, count), what).toEqual([]);
  return rows;
}

/** Hurts the pair, waits until it is whole again, and looks at what must hold after anything. */
async function hurt(what: string, doIt: () => Promise<void> | void): Promise<void> {
  await telemetry.disturbance(what, async () => {
    await doIt();
    await pair.settled();
  });
  expect(overlapsOf(spansOf(grants.seen, pair.leaseTtlMs))).toEqual([]);
  const rows = await delivered(what);
  const { sent, stored: there } = telemetry.within(what, rows);
  console.log(`${what}: ${there} of ${sent} sent meanwhile are stored; epoch ${rows.at(-1)?.epoch}`);
}

/** SIGKILL; resolves when its successor runs. */
async function killPart(name: 'a' | 'b', part: (typeof serviceNames)[number] | 'nats-server'): Promise<void> {
  const pid = pair.pidOf(name, part);
  signal(pid, 'SIGKILL');
  await eventually(() => pair.pidOf(name, part) !== pid, 20_000, `a new ${name}/${part}`);
}

describe('a pair whose services are killed one after the other', () => {
  it.each(serviceNames)('keeps exactly one active when %s of the active is killed', async (service) => {
    const active = await pair.settled();
    await hurt(`SIGKILL to ${service} of the active`, () => killPart(active, service));
  });

  // What it has of the time of the lapse is not stored yet when it goes on, and the other node has a copy of it.
  it("stores nothing twice when the active's arbiter is killed and nobody takes over meanwhile", async () => {
    expect(await pair.cli(['switchover'])).toMatchObject({ code: 0 });
    const active = await pair.settled();
    const switchedAtMs = Date.now();
    const comparedBeforeMs = async () => {
      const { nodes } = await pair.status(active);
      const services = nodes.find(({ name }) => name === active)?.services;
      const detail = services?.find(({ service }) => service === 'collector')?.detail;
      const late = detail?.['lateDelivery'] as { comparedBefore: string | null } | undefined;
      return Date.parse(late?.comparedBefore ?? '');
    };
    await eventually(
      async () => (await comparedBeforeMs()) > switchedAtMs,
      60_000,
      'the end of what the switchover left',
    );
    const { epoch } = await pair.status(active);
    const standbys = pair.pidOf(peerOf(active), 'arbiter');
    const goesOn = async () => {
      const { active: now, epoch: its } = await pair.status(active);
      return now?.name === active && (its ?? 0) > (epoch ?? 0);
    };
    await hurt('SIGKILL to arbiter of the active beside one that stands still', async () => {
      signal(standbys, 'SIGSTOP');
      try {
        await killPart(active, 'arbiter');
        await eventually(goesOn, 30_000, `a new reign of ${active}`);
      } finally {
        signal(standbys, 'SIGCONT');
      }
    });
  });

  it("keeps exactly one active when the active's NATS server is killed", async () => {
    const active = await pair.settled();
    await hurt('SIGKILL to nats-server of the active', () => killPart(active, 'nats-server'));
  });

  it("does not change roles when the standby's NATS server is killed", async () => {
    const active = await pair.settled();
    const { epoch } = await pair.status(active);
    await hurt('SIGKILL to nats-server of the standby', () => killPart(peerOf(active), 'nats-server'));
    expect((await pair.status(active)).epoch).toBe(epoch);
  });
});

describe('a pair whose store fails', () => {
  async function hurtStore(what: string, doIt: () => Promise<void>): Promise<{ roleKept: boolean }> {
    const before = await pair.settled();
    const { epoch } = await pair.status(before);
    await hurt(what, doIt);
    const { epoch: epochAfter } = await pair.status(await pair.settled());
    expect(epochAfter).toBeGreaterThanOrEqual(epoch ?? Number.POSITIVE_INFINITY);
    return { roleKept: epochAfter === epoch };
  }

  it('keeps its active without the store for some seconds, and stores what was sent meanwhile', async () => {
    const { roleKept } = await hurtStore('PostgreSQL away for some seconds', async () => {
      const pid = pair.storePid();
      // Its successor finds the port taken until this lets go of it: an outage that lasts.
      const taken = hold(pair.address('store'), 15_432);
      signal(pid, 'SIGINT');
      const port = await taken;
      await pause(3 * pair.leaseTtlMs);
      expect(actsUntilMs(), "the standby's promises keep the active").toBeGreaterThan(monotonicMs());
      await port.release();
    });
    expect(roleKept).toBe(true);
  });

  it('keeps its active while the store stands still, and stores what was sent meanwhile', async () => {
    const { roleKept } = await hurtStore('PostgreSQL frozen for some seconds', async () => {
      const frozen = pair.freezeStore();
      try {
        await pause(3 * pair.leaseTtlMs);
        expect(actsUntilMs(), "the standby's promises keep the active").toBeGreaterThan(monotonicMs());
      } finally {
        frozen.thaw();
      }
    });
    expect(roleKept).toBe(true);
  });

  it('has nobody active without store and standby, and one again when they go on', async () => {
    const active = await pair.settled();
    const standby = (['heartbeat', 'arbiter'] as const).map((service) => pair.pidOf(peerOf(active), service));
    await hurtStore('PostgreSQL and the standby frozen', async () => {
      const frozen = pair.freezeStore();
      for (const pid of standby) signal(pid, 'SIGSTOP');
      try {
        await pause(2.5 * pair.leaseTtlMs);
        expect(actsUntilMs(), 'the active has fenced itself').toBeLessThan(monotonicMs());
      } finally {
        for (const pid of standby) signal(pid, 'SIGCONT');
        frozen.thaw();
      }
    });
  });

  it('has one active again after a crash of the store, and stores what was sent meanwhile', async () => {
    await hurtStore('PostgreSQL killed', async () => {
      const pid = pair.storePid();
      signal(pid, 'SIGKILL');
      await eventually(() => pair.storePid() !== pid, 30_000, 'a new PostgreSQL');
    });
  });

  /** Until when anybody could act, as far as was heard. */
  function actsUntilMs(): number {
    return Math.max(...spansOf(grants.seen, pair.leaseTtlMs).map(({ toMs }) => toMs));
  }
});

describe('what the pair leaves behind after all that', () => {
  it('has epochs that only grow, each with one holder', async () => {
    const rows = await stored();
    const epochs = rows.map(({ epoch }) => epoch);
    expect(epochs).toEqual(epochs.toSorted((one, other) => one - other));
    const holders = await pair.sql<{ epoch: number; holders: number }>(
      `select epoch::int as epoch, count(distinct node_id)::int as holders from transition
        where to_role = 'active' group by epoch`,
    );
    expect(holders.filter((one) => one.holders !== 1)).toEqual([]);
    const spans = spansOf(grants.seen, pair.leaseTtlMs);
    expect(spans.length).toBeGreaterThan(0);
    expect(grants.seen.filter(({ epoch }) => epoch !== null).length).toBeGreaterThan(50);
    console.log(
      spans
        .map(({ epoch, node, fromMs, toMs }) => `epoch ${epoch}: ${node}, ${Math.round(toMs - fromMs)} ms`)
        .join('\n'),
    );
  });
});

/** Takes a port as soon as it is free, and hangs up on everybody. */
async function hold(address: string, port: number): Promise<{ release(): Promise<void> }> {
  const tryOnce = () =>
    new Promise<Server | null>((resolve) => {
      const server = createServer((socket) => socket.destroy());
      server.once('error', () => resolve(null));
      server.listen({ host: address, port, exclusive: true }, () => resolve(server));
    });
  const server = await eventually(tryOnce, 20_000, `the port ${port}`);
  return { release: () => new Promise((resolve) => void server.close(() => resolve())) };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
