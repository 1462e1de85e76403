import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { type GrantWatch, overlapsOf, spansOf } from './grant-watch.ts';
import { signal } from './processes.ts';
import { type NodeName, nodeNames, peerOf, RunningPair } from './running-pair.ts';

// Pause, failback and hand-over by health on a real pair, as an operator sees them.
let pair: RunningPair;
let grants: GrantWatch;

const policy = { healthHandOverAfterSeconds: 4, minimumReignSeconds: 3, failbackAfterSeconds: 3 };

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  grants = await pair.watchGrants();
  await configure(policy);
}, 150_000);

afterAll(async () => {
  await grants?.close();
  await pair?.stop();
}, 60_000);

/** Both nodes get this policy; their arbiters are restarted with it, one after the other. */
async function configure(wanted: Record<string, unknown>, names: readonly NodeName[] = nodeNames): Promise<void> {
  for (const name of names) await pair.configure(name, { policy: wanted });
}

/** Its lease, frozen for as long as `meanwhile` takes: silent, and not restarted by its supervisor. */
async function frozen(name: NodeName, meanwhile: () => Promise<void>): Promise<void> {
  const pids = (['heartbeat', 'arbiter'] as const).map((service) => pair.pidOf(name, service));
  for (const pid of pids) signal(pid, 'SIGSTOP');
  try {
    await meanwhile();
  } finally {
    for (const pid of pids) signal(pid, 'SIGCONT');
  }
}

const roleOf = async (name: NodeName) =>
  (await pair.status(name)).nodes.find((node) => node.name === name)?.arbiter?.role;

async function becomes(name: NodeName, role: string, timeoutMs = 30_000): Promise<void> {
  await eventually(async () => (await roleOf(name)) === role, timeoutMs, `${name} ${role}`);
}

const lastHandOver = () =>
  pair.sql<{ rule: string; operator: string | null; evidence: Record<string, unknown>; node: string }>(
    "select node, rule, operator, evidence from transition where from_role = 'active' order by at desc limit 1",
  );

describe('a pause', () => {
  it('keeps the standby from taking over until an operator resumes, and everybody sees it', async () => {
    const active = await pair.settled();
    const { code, out } = await pair.cli(['pause', '--for', '10m', '--reason', 'new switch']);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('paused until') });
    for (const name of nodeNames) {
      await eventually(
        async () => (await pair.status(name)).nodes.every(({ arbiter }) => arbiter?.pause?.reason === 'new switch'),
        10_000,
        `${name} shows the pause`,
      );
    }
    expect((await pair.cli(['status'])).out).toMatch(/paused +until .*new switch/);
    const again = await pair.cli(['failback']);
    if (active === 'b') expect(again).toMatchObject({ code: 1, err: expect.stringContaining('HS_PAUSED') });

    await frozen(active, async () => {
      const standby = peerOf(active);
      const untilMs = performance.now() + 4 * pair.leaseTtlMs;
      while (performance.now() < untilMs) {
        expect(await roleOf(standby)).toBe('standby');
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      expect(await pair.cli(['resume'])).toMatchObject({ code: 0 });
      await becomes(standby, 'active');
    });
    expect(await pair.settled()).toBe(peerOf(active));
    expect(await pair.cli(['resume'])).toMatchObject({ code: 1, err: expect.stringContaining('HS_NOT_PAUSED') });
    const events = await pair.cli(['events', '--type', 'pause.begun', '--type', 'pause.ended', '--last', '1000']);
    expect(events.out).toMatch(/pause\.begun[\s\S]*pause\.ended/);
    await eventually(
      () => pair.mails().some((mail) => mail.includes('the pause is over')),
      20_000,
      'the mail of the end of the pause',
    );
  });

  it('ends by itself, and outlives the restart of both arbiters', async () => {
    const active = await pair.settled();
    expect(await pair.cli(['pause', '--for', '25s'])).toMatchObject({ code: 0 });
    for (const name of nodeNames) signal(pair.pidOf(name, 'arbiter'), 'SIGKILL');
    await pair.settled();
    // Its own return is no take-over.
    expect((await pair.status(active)).active?.name).toBe(active);
    expect((await pair.status('a')).nodes.map(({ arbiter }) => arbiter?.pause?.remainingMs)).toEqual([
      expect.any(Number),
      expect.any(Number),
    ]);
    await frozen(active, () => becomes(peerOf(active), 'active', 45_000));
    await pair.settled();
  });
});

describe('failback', () => {
  it('goes back to the primary when an operator says so, and is nothing where it is active already', async () => {
    if ((await pair.settled()) === 'a') {
      expect(await pair.cli(['switchover'])).toMatchObject({ code: 0 });
      await pair.settled();
    }
    await eventually(
      async () => (await pair.cli(['status'])).out.includes('`hotstandby failback` makes it the active'),
      30_000,
      'the hint in the status',
    );
    expect(await pair.cli(['failback', '--reason', 'home'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('a is active'),
    });
    expect(await pair.settled()).toBe('a');
    await eventually(async () => (await lastHandOver())[0]?.rule === 'failback', 10_000, 'the history of it');
    expect((await lastHandOver())[0]).toMatchObject({ node: 'b', operator: expect.stringContaining('@') });
    expect(await pair.cli(['failback'])).toMatchObject({ code: 0, out: expect.stringContaining('already') });
  });
});

describe('hand-over by health', () => {
  it('hands over when the collector of the active says nothing any more', async () => {
    const active = await pair.settled();
    const collector = pair.pidOf(active, 'collector');
    signal(collector, 'SIGSTOP');
    try {
      await becomes(peerOf(active), 'active', 60_000);
      await eventually(async () => (await lastHandOver())[0]?.rule === 'health-hand-over', 10_000, 'its history');
      expect((await lastHandOver())[0]).toMatchObject({
        node: active,
        operator: null,
        evidence: { services: expect.stringContaining('collector silent') },
      });
      // No better than before: nobody hands over to a node without a collector.
      expect((await pair.cli(['history', '--last', '6'])).out).toContain('health-hand-over');
    } finally {
      signal(collector, 'SIGCONT');
    }
    expect(await pair.settled()).toBe(peerOf(active));
  });

  it('leaves a crash that its supervisor mends where it is', async () => {
    const active = await pair.settled();
    const { epoch } = await pair.status(active);
    const pid = pair.pidOf(active, 'collector');
    signal(pid, 'SIGKILL');
    await eventually(() => pair.pidOf(active, 'collector') !== pid, 20_000, 'a new collector');
    await pair.settled();
    expect((await pair.status(active)).epoch).toBe(epoch);
  });
});

describe('nodes that are configured differently', () => {
  it('say so, and say when it is mended', async () => {
    await configure({ ...policy, failback: 'never' }, ['b']);
    const mismatch = async () =>
      (await pair.status('a')).nodes.flatMap(({ arbiter }) => arbiter?.policy?.mismatch ?? []);
    await eventually(async () => (await mismatch()).join() === 'failback,failback', 20_000, 'both say it');
    expect((await pair.cli(['status'])).out).toContain('HS_POLICY_MISMATCH');
    await configure(policy, ['b']);
    await eventually(async () => (await mismatch()).length === 0, 20_000, 'nobody says it any more');
  });
});

it('never made two actives', () => {
  expect(overlapsOf(spansOf(grants.seen, pair.leaseTtlMs))).toEqual([]);
});
