import { step } from '@hotstandby/core/lease';
import { TestPair, type TestNode } from '@hotstandby/testing/pair';
import { expect, it } from 'vitest';

// The store forgets: a backup is restored, a replica that lacked commits is promoted, while nodes live, die and remember.

/** A pair that is looked at every millisecond: never two grants, and every epoch has one holder, ever. */
class WatchedPair {
  readonly pair = new TestPair();
  readonly a = this.pair.node('a');
  readonly b = this.pair.node('b');
  readonly nodes = [this.a, this.b];
  readonly holders = new Map<number, string>();
  /** Milliseconds in which nobody held a grant since the last `forget`. */
  withoutActiveMs = 0;

  async started(): Promise<this> {
    await this.a.start();
    await this.b.start();
    await this.run(500);
    expect(await this.roles()).toEqual(['active 1', 'standby']);
    return this;
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      await this.pair.run(1);
      const open = this.nodes.flatMap(({ name, watch }) => {
        const grant = watch?.open();
        return grant ? [{ name, epoch: grant.epoch }] : [];
      });
      expect(open.length).toBeLessThan(2);
      if (open.length === 0) this.withoutActiveMs++;
      for (const { name, epoch } of open) {
        expect(this.holders.get(epoch) ?? name, `epoch ${epoch}`).toBe(name);
        this.holders.set(epoch, name);
      }
    }
  }

  /** The store becomes what it was at the snapshot. */
  forget(snapshot: ReturnType<TestPair['tables']['snapshot']>, timeline: 'new' | 'same'): void {
    this.pair.tables.forget(snapshot, timeline);
    this.withoutActiveMs = 0;
  }

  snapshot() {
    return this.pair.tables.snapshot();
  }

  /** b takes over and a comes back as its standby. */
  async takenOver(): Promise<void> {
    this.a.kill();
    await this.run(400);
    await this.a.start();
    await this.run(1500);
    expect(await this.roles()).toEqual(['standby', 'active 2']);
  }

  roles(): Promise<string[]> {
    return Promise.all(this.nodes.map((node) => node.role()));
  }
}

const typesTold = (node: TestNode) => node.told.map(({ type }) => type);

it('a replica that lacks nothing is promoted: the active goes on by promises and claims above, at once', async () => {
  const cluster = await new WatchedPair().started();
  cluster.forget(cluster.snapshot(), 'new');
  await cluster.run(1000);
  expect(await cluster.roles()).toEqual(['active 3', 'standby']);
  expect(cluster.withoutActiveMs).toBe(0);
  expect(cluster.a.rules()).toEqual(['claim-never-held', 'claim-rebase']);
  expect(cluster.pair.tables.reign).toMatchObject({ timeline: 'timeline-2', tenureEpoch: 1 });
  expect(typesTold(cluster.a)).toContain('store.other-timeline');
});

it('a replica is promoted while the peers cannot hear each other: nobody is active for the wait, then the holder is', async () => {
  const cluster = await new WatchedPair().started();
  cluster.pair.lineCut = true;
  await cluster.run(300);
  cluster.forget(cluster.snapshot(), 'new');
  await cluster.run(1000);
  expect(await cluster.roles()).toEqual(['active 3', 'standby']);
  expect(cluster.a.rules()).toEqual(['claim-never-held', 'fence-lapsing', 'claim-rebase']);
  expect(cluster.withoutActiveMs).toBeGreaterThan(10);
  expect(cluster.withoutActiveMs).toBeLessThan(165);
});

it.each(['new', 'same'] as const)(
  'a promoted replica or a restored backup (%s timeline) lost the last claim: its holder claims above it',
  async (timeline) => {
    const cluster = await new WatchedPair().started();
    const before = cluster.snapshot();
    await cluster.takenOver();
    cluster.forget(before, timeline);
    await cluster.run(1500);
    expect(await cluster.roles()).toEqual(['standby', 'active 4']);
    expect(cluster.withoutActiveMs).toBe(0);
    expect(cluster.b.rules()).toEqual(['registered', 'claim-silent-holder', 'claim-rebase']);
    expect(cluster.pair.tables.reign).toMatchObject({ epoch: 4, tenureEpoch: 2 });
    expect(typesTold(cluster.b)).toContain(timeline === 'new' ? 'store.other-timeline' : 'store.went-back');
  },
);

it.each(['new', 'same'] as const)(
  'a backup is restored (%s timeline) while the active is dead: its standby claims, far above',
  async (timeline) => {
    const cluster = await new WatchedPair().started();
    const before = cluster.snapshot();
    await cluster.takenOver();
    cluster.b.kill();
    cluster.forget(before, timeline);
    await cluster.run(164);
    expect(cluster.a.watch?.open()).toBeNull();
    await cluster.run(400);
    expect(await cluster.a.role()).toBe('active 2000');
    expect(cluster.a.rules().at(-1)).toBe('claim-rebase');
    await cluster.b.start();
    await cluster.run(1500);
    expect(await cluster.roles()).toEqual(['active 2000', 'standby']);
  },
);

it('only the node that slept remembers less: it does not claim, the other one does, and is followed', async () => {
  const cluster = await new WatchedPair().started();
  const before = cluster.snapshot();
  cluster.a.kill();
  await cluster.run(400);
  expect(await cluster.b.role()).toBe('active 2');
  cluster.forget(before, 'same');
  // It knows of epoch 1 alone, in which it was the holder, as the store says.
  await cluster.a.start();
  await cluster.run(1500);
  expect(await cluster.roles()).toEqual(['standby', 'active 3000']);
  expect(cluster.a.rules()).not.toContain('claim-own-return');
});

it('an active that was frozen over a take-over which the store forgot is told by the row of the other one and fences', async () => {
  const cluster = await new WatchedPair().started();
  const before = cluster.snapshot();
  // Deaf to everything, as a node whose network is cut.
  cluster.pair.lineCut = true;
  cluster.a.store.fault = 'unreachable';
  await cluster.run(500);
  expect(await cluster.roles()).toEqual(['fenced', 'active 2']);
  cluster.forget(before, 'same');
  cluster.a.store.fault = null;
  await cluster.run(2000);
  expect(await cluster.roles()).toEqual(['standby', 'active 3000']);
});

it('the replica that took over lost the registration of the standby: it is registered anew, by the same holder', async () => {
  const cluster = new WatchedPair();
  await cluster.a.start();
  await cluster.run(300);
  const before = cluster.snapshot();
  await cluster.b.start();
  await cluster.run(500);
  expect(await cluster.roles()).toEqual(['active 1', 'standby']);
  cluster.forget(before, 'new');
  await cluster.run(1500);
  expect(await cluster.roles()).toEqual(['active 3', 'standby']);
  expect(cluster.withoutActiveMs).toBe(0);
  expect(cluster.pair.tables.reign.standby).toBe('id-b');
});

it('the replica lost the registration, and the active died with the store: the standby remembers its place', async () => {
  const cluster = new WatchedPair();
  await cluster.a.start();
  await cluster.run(300);
  const before = cluster.snapshot();
  await cluster.b.start();
  await cluster.run(500);
  cluster.a.kill();
  cluster.forget(before, 'new');
  await cluster.run(1500);
  expect(await cluster.b.role()).toBe('active 3000');
});

it('does not claim from a silent holder on a new timeline without a place of its own, and says that it waits', async () => {
  const cluster = new WatchedPair();
  await cluster.a.start();
  await cluster.run(300);
  cluster.a.kill();
  cluster.forget(cluster.snapshot(), 'new');
  // Nobody was registered as far as the store says: that may be what it forgot.
  await cluster.b.start();
  await cluster.run(12_000);
  expect(await cluster.b.role()).toBe('starting');
  expect((await cluster.b.describe()).reason).toContain('neither holder nor standby');
  expect(typesTold(cluster.b)).toContain('store.unsettled');
  // The holder comes back, and the pair is whole.
  await cluster.a.start();
  await cluster.run(1500);
  expect(await cluster.roles()).toEqual(['active 2000', 'standby']);
});

it('forgets nothing of its own over restarts: both nodes down, the store restored, both up', async () => {
  const cluster = await new WatchedPair().started();
  const before = cluster.snapshot();
  await cluster.takenOver();
  cluster.a.kill();
  cluster.b.kill();
  cluster.forget(before, 'same');
  await cluster.a.start();
  await cluster.b.start();
  await cluster.run(2000);
  expect(await cluster.roles()).toEqual(['standby', 'active 4']);
});

it('goes on with the newer store when that is put back before anybody claimed', async () => {
  const cluster = await new WatchedPair().started();
  const before = cluster.snapshot();
  await cluster.takenOver();
  const newest = cluster.snapshot();
  cluster.forget(before, 'same');
  await cluster.run(60);
  cluster.forget(newest, 'same');
  await cluster.run(500);
  expect(await cluster.roles()).toEqual(['standby', 'active 2']);
});

it('refuses a planned hand-over while the lease is being re-based, and is asked again afterwards', async () => {
  const cluster = await new WatchedPair().started();
  cluster.forget(cluster.snapshot(), 'new');
  await cluster.run(60);
  const subject = 'hs.c.a.arbiter.switchover';
  expect(await cluster.a.bus.request(subject, { operator: 'ada' }, 1000)).toMatchObject({ code: 'HS_BUSY' });
  await cluster.run(1500);
  const asked = cluster.a.bus.request(subject, { operator: 'ada' }, 1000);
  await cluster.run(300);
  expect(await asked).toMatchObject({ done: true });
  expect(await cluster.b.role()).toBe('active 4');
});

it('lets an operator take the lease where nobody may re-base it, above everything that is known of', async () => {
  const cluster = new WatchedPair();
  await cluster.a.start();
  await cluster.run(300);
  cluster.a.kill();
  cluster.forget(cluster.snapshot(), 'new');
  await cluster.b.start();
  await cluster.run(1000);
  expect(await cluster.b.role()).toBe('starting');
  const asked = cluster.b.ask('takeover', { reason: 'a burns' });
  await cluster.run(500);
  expect(await asked).toMatchObject({ done: true, to: 'b' });
  expect(await cluster.b.role()).toBe('active 3000');
  expect(cluster.b.rules()).toEqual(['claim-forced']);
});

it('resumes a lapsed reign on a restarted server only when whoever claimed meanwhile can hold no grant', async () => {
  const cluster = await new WatchedPair().started();
  const before = cluster.snapshot();
  cluster.pair.lineCut = true;
  cluster.a.store.fault = 'unreachable';
  await cluster.run(500);
  expect(await cluster.roles()).toEqual(['fenced', 'active 2']);
  // The store comes back without the claim, at the moment that its claimer is cut off: its grant lives for a while.
  cluster.b.store.fault = 'unreachable';
  cluster.forget(before, 'same');
  cluster.a.store.fault = null;
  await cluster.run(400);
  expect(await cluster.roles()).toEqual(['active 1', 'fenced']);
  // And when it is back, what it remembers ends the reign that came too late.
  cluster.b.store.fault = null;
  await cluster.run(2000);
  expect(cluster.a.rules()).toContain('fence-forgotten');
  expect(await cluster.roles()).toEqual(['standby', 'active 3000']);
});

it.each([
  ['before it remembered', 'rememberReign', 'active 3', 'standby'],
  ['while it wrote that down', 'rememberEpoch', 'standby', 'active 3000'],
] as const)(
  'gives an epoch no second time that was claimed by who died %s, and that the store forgot',
  async (_when, write, ...roles) => {
    const cluster = await new WatchedPair().started();
    const before = cluster.snapshot();
    const { memory } = cluster.b;
    const works = {
      rememberReign: memory.rememberReign.bind(memory),
      rememberEpoch: memory.rememberEpoch.bind(memory),
    };
    if (write === 'rememberReign') memory.rememberReign = () => {};
    memory.rememberEpoch = () => cluster.b.kill();
    cluster.a.kill();
    await cluster.run(400);
    expect(cluster.pair.tables.reign).toMatchObject({ epoch: 2, holder: 'id-b' });
    expect([memory.highestEpoch(), memory.rememberedReign()?.epoch]).toEqual([1, write === 'rememberEpoch' ? 2 : 1]);

    cluster.forget(before, 'new');
    Object.assign(memory, works);
    await cluster.a.start();
    await cluster.b.start();
    await cluster.run(2000);
    expect(await cluster.roles()).toEqual(roles);
  },
);

it('has on its disk what it acts by before it acts, and shuts its gates before anything else', async () => {
  const cluster = new WatchedPair();
  const opened = new Set<number>();
  let [shut, ordered] = [0, 0];
  cluster.pair.decide = (state, input) => {
    const stepped = step(state, input);
    const what = stepped.effects.map(({ do: it }) => it);
    const remembered = what.lastIndexOf('remember');
    stepped.effects.forEach((effect, index) => {
      if (effect.do === 'grant' && effect.epoch === null) {
        expect(index, what.join()).toBe(0);
        shut++;
      } else if (effect.do === 'grant' || effect.do === 'order' || effect.do === 'permit') {
        expect(index, what.join()).toBeGreaterThan(remembered);
        if (effect.do === 'grant' && effect.epoch !== null && remembered >= 0) opened.add(effect.epoch);
        if (effect.do === 'order' && remembered >= 0) ordered++;
      }
    });
    return stepped;
  };
  await cluster.started();
  await cluster.takenOver();
  const asked = cluster.b.bus.request('hs.c.b.arbiter.switchover', { operator: 'ada' }, 1000);
  await cluster.run(300);
  expect(await asked).toMatchObject({ done: true });
  expect([...opened]).toEqual([1, 2, 3]);
  expect(shut).toBeGreaterThan(2);
  expect(ordered).toBeGreaterThan(2);
});
