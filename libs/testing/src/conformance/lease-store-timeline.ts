import { expect, it } from 'vitest';
import { rowIn, rowOf, StoreNode, type LeaseStoreHarness } from './harness.ts';

/** The store's timeline, and a lease that is re-based above what the store forgot. */
export function leaseStoreTimeline(harness: () => LeaseStoreHarness): void {
  const node = (name: string) => new StoreNode(harness().open(), name);

  it('shows one timeline to everybody, in every view and in the reign, also after a restart of the server', async () => {
    const [a, b] = [node('a'), node('b')];
    const { timeline } = await a.enter();
    expect(timeline).not.toBe('');
    expect((await b.enter()).timeline).toBe(timeline);
    expect(await a.claimNow()).toMatchObject({ timeline });
    await harness().restart();
    await expect.poll(async () => (await a.store.look().catch(() => null))?.timeline, { timeout: 5000 }).toBe(timeline);
    expect(await a.beat(1)).toMatchObject({ outcome: 'renewed', view: { timeline, reign: { timeline } } });
  });

  it('keeps in the row of each node what that node remembers', async () => {
    const a = node('a');
    await a.enter();
    a.remembers = { epoch: 7, membership: 4 };
    expect(rowIn((await a.beat(null)).view, 'id-a').remembers).toEqual({ epoch: 7, membership: 4 });
    const again = { ...rowOf('a', 'a-2'), remembers: { epoch: 8, membership: 1 }, replaces: 'a-1' };
    const view = await a.store.enter(again);
    expect(view && rowIn(view, 'id-a').remembers).toEqual({ epoch: 8, membership: 1 });
  });

  it('changes nothing for a beat under another timeline, and takes it as a sign of life without an epoch', async () => {
    const a = node('a');
    await a.enter();
    await a.claimNow();
    await a.beat(1);
    const before = a.count;
    a.timeline = 'another';
    const refused = await a.beat(1);
    expect(refused).toMatchObject({ outcome: 'other-timeline', lastCount: before });
    expect(rowIn(refused.view, 'id-a').lastCount).toBe(before);
    expect(await a.beat(2)).toMatchObject({ outcome: 'ended' });
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
  });

  it('grants no claim that was seen on another timeline', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const seen = await b.store.look();
    const rebase = { epoch: 9, membership: 9, tenureEpoch: 9 };
    expect(await b.claim({ ...seen, timeline: 'another' })).toBeNull();
    expect(await b.claim({ ...seen, timeline: 'another' }, rebase)).toBeNull();
    expect(await b.store.look()).toEqual(seen);
  });

  it('grants no claim below what any node remembers, and re-bases above it', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    b.remembers = { epoch: 6, membership: 12 };
    const { view } = await b.beat(null);
    expect(await a.claim(view)).toBeNull();
    expect(await b.claim(view, { epoch: 6, membership: 13, tenureEpoch: 5 })).toBeNull();
    const above = { epoch: 7, membership: 13, tenureEpoch: 5 };
    expect(await b.claim(view, above)).toMatchObject({ ...above, holder: 'id-b', standby: null, handoverTo: null });
    const after = await b.store.look();
    expect(rowIn(after, 'id-b')).toMatchObject({ epoch: 7, remembers: { epoch: 7, membership: 13 } });
    expect(rowIn(after, 'id-a').epoch).toBeNull();
    expect(await a.beat(1)).toMatchObject({ outcome: 'ended' });
  });

  it('compares everything that was seen in a re-basing claim, too', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const seen = await b.store.look();
    await a.beat(1);
    const rebase = { epoch: 9, membership: 9, tenureEpoch: 9 };
    expect(await b.claim(seen, rebase)).toBeNull();
    expect(await b.claim(await b.store.look(), rebase)).toMatchObject({ epoch: 9, membership: 9, tenureEpoch: 9 });
  });

  it('lets nothing but signs of life and a re-basing claim through on a new timeline', async (context) => {
    const { newTimeline } = harness();
    if (!newTimeline) return context.skip('a new timeline cannot be made here');
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.register(b, await a.claimNow());
    const guarded = await harness().beginGuardedWrite({ epoch: 1, incarnation: 'a-1' });
    expect(await guarded.finish()).toBe('written');
    await newTimeline();
    await expect.poll(() => a.store.look().catch(() => null), { timeout: 10_000 }).not.toBeNull();
    await expect.poll(() => b.store.look().catch(() => null), { timeout: 10_000 }).not.toBeNull();
    const stale = await harness().beginGuardedWrite({ epoch: 1, incarnation: 'a-1' });
    expect(await stale.finish()).toBe('stale');

    const seen = await b.store.look();
    expect(seen.timeline).not.toBe(seen.reign.timeline);
    expect(await a.beat(1)).toMatchObject({ outcome: 'other-timeline' });
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
    const { epoch, membership } = seen.reign;
    const place = { standby: null, standbyIncarnation: null, forget: null };
    expect(await a.store.register({ epoch, incarnation: 'a-1', membership, ...place })).toBeNull();
    expect(await a.store.release({ epoch, incarnation: 'a-1', handoverTo: null })).toBeNull();
    expect(await b.claim(await b.store.look())).toBeNull();
    const rebase = { epoch: 2, membership: 3, tenureEpoch: 2 };
    expect(await b.claim(await b.store.look(), rebase)).toMatchObject({ epoch: 2, timeline: seen.timeline });
    b.timeline = seen.timeline;
    expect(await b.beat(2)).toMatchObject({ outcome: 'renewed' });
  });
}
