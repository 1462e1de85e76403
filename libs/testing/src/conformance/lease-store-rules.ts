import { expect, it } from 'vitest';
import { rowIn, rowOf, StoreNode, type LeaseStoreHarness } from './harness.ts';

/** What each statement does and what it refuses, one after the other. */
export function leaseStoreRules(harness: () => LeaseStoreHarness): void {
  const node = (name: string, incarnation?: string) => new StoreNode(harness().open(), name, incarnation);

  it('prepares once, however many start at the same moment, and says the same id', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => harness().open().prepare()));
    expect(new Set(ids.map(({ storeId }) => storeId)).size).toBe(1);
    const view = await harness().open().look();
    expect(view.reign).toEqual({
      epoch: 0,
      holder: null,
      holderIncarnation: null,
      lastHolder: null,
      standby: null,
      standbyIncarnation: null,
      membership: 0,
      handoverTo: null,
      tenureEpoch: 0,
      timeline: null,
    });
    expect(view.nodes).toEqual([]);
  });

  it('enters with every column, and a new incarnation never lowers the counter', async () => {
    const a = node('a');
    const view = await a.enter();
    expect(rowIn(view, 'id-a')).toEqual({ ...rowOf('a'), lastCount: 1, epoch: null, standbyServerName: null });
    a.count = 41;
    await a.beat(null);
    const again = await node('a', 'a-2').enter();
    expect(rowIn(again, 'id-a')).toMatchObject({ incarnation: 'a-2', lastCount: 43 });
  });

  it('gives a row only to whoever saw whose it is, so that the late word of a dead incarnation changes nothing', async () => {
    const a = node('a');
    await a.enter();
    const second = node('a', 'a-2');
    const third = node('a', 'a-3');
    expect(await second.enterFrom('a-1')).not.toBeNull();
    const { epoch } = await second.claimNow();
    // Sent by an incarnation that is gone, which saw the same row as its successor, or none.
    expect(await third.enterFrom('a-1')).toBeNull();
    expect(await third.enterFrom(null)).toBeNull();
    expect(await a.enterFrom(null)).toBeNull();
    expect(await second.beat(epoch)).toMatchObject({ outcome: 'renewed' });
    // The same once more, because its answer was lost, leaves its reign alone.
    const again = await second.enterFrom('a-1');
    expect(again && rowIn(again, 'id-a')).toMatchObject({ incarnation: 'a-2', epoch });
    // Who saw a row that is gone meanwhile makes a new one.
    expect(await node('x', 'x-2').enterFrom('x-1')).not.toBeNull();
  });

  it('beats upwards only, and tells overtaken from ended', async () => {
    const a = node('a');
    await a.enter();
    const { epoch } = await a.claimNow();
    const beat = (count: number, under: number | null, incarnation = 'a-1') =>
      a.store.beat({
        nodeId: 'id-a',
        incarnation,
        epoch: under,
        count,
        serverRole: 'PRIMARY',
        timeline: a.timeline,
        remembers: { epoch, membership: 1 },
      });
    expect(await beat(100, epoch)).toMatchObject({ outcome: 'renewed', lastCount: 100 });
    expect(await beat(100, epoch)).toMatchObject({ outcome: 'overtaken', lastCount: 100 });
    expect(await beat(7, epoch)).toMatchObject({ outcome: 'overtaken', lastCount: 100 });
    expect(await beat(101, epoch + 1)).toMatchObject({ outcome: 'ended', lastCount: 100 });
    expect(await beat(101, epoch, 'a-0')).toMatchObject({ outcome: 'ended' });
    const { view, outcome } = await beat(101, null);
    expect(outcome).toBe('renewed');
    expect(rowIn(view, 'id-a')).toMatchObject({ lastCount: 101, epoch, serverRole: 'PRIMARY' });
    const stranger = node('x');
    expect(await stranger.beat(null)).toMatchObject({ outcome: 'ended', lastCount: 0 });
  });

  it('grants a claim under the next epoch and ends the beats of the one before', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    const first = await a.claimNow();
    expect(first).toMatchObject({
      epoch: 1,
      holder: 'id-a',
      holderIncarnation: 'a-1',
      lastHolder: 'id-a',
      tenureEpoch: 1,
    });
    await a.register(b, first);
    expect(rowIn(await a.store.look(), 'id-a')).toMatchObject({
      standbyServerName: 'b',
      serverRole: 'PRIMARY',
      epoch: 1,
    });

    const second = await b.claimNow();
    expect(second).toMatchObject({
      epoch: 2,
      holder: 'id-b',
      holderIncarnation: 'b-1',
      lastHolder: 'id-b',
      standby: null,
      standbyIncarnation: null,
      membership: 3,
      handoverTo: null,
      tenureEpoch: 2,
    });
    const { outcome, view } = await a.beat(1);
    expect(outcome).toBe('ended');
    expect(rowIn(view, 'id-a')).toMatchObject({ epoch: null, serverRole: 'STANDBY', standbyServerName: null });
    expect(rowIn(view, 'id-b')).toMatchObject({ epoch: 2, serverRole: 'PRIMARY' });
    // A sign of life is not a reign.
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
  });

  it('changes nothing when anything that the claimer saw is different now', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.register(b, await a.claimNow());
    const seen = await b.store.look();
    const count = rowIn(seen, 'id-a').lastCount;
    const different = [
      { epoch: 2 },
      { holder: 'id-b' },
      { holder: null },
      { holderIncarnation: 'a-0' },
      { lastHolder: 'id-b' },
      { standby: null },
      { standbyIncarnation: 'b-0' },
      { membership: 7 },
      { handoverTo: 'id-b' },
      { tenureEpoch: 0 },
      { timeline: 'another' },
      { timeline: null },
    ];
    for (const change of different) {
      const request = {
        nodeId: 'id-b',
        incarnation: 'b-1',
        seen: { ...seen.reign, ...change },
        seenHolderCount: count,
        timeline: seen.timeline,
        rebase: null,
      };
      expect(await b.store.claim(request), JSON.stringify(change)).toBeNull();
    }
    const as = { nodeId: 'id-b', incarnation: 'b-1', seen: seen.reign, timeline: seen.timeline, rebase: null };
    expect(await b.store.claim({ ...as, seenHolderCount: count - 1 })).toBeNull();
    expect(await b.store.claim({ ...as, seenHolderCount: null })).toBeNull();
    expect(await b.store.claim({ ...as, incarnation: 'b-0', seenHolderCount: count })).toBeNull();
    expect(await b.store.look()).toEqual(seen);
    expect(await b.store.claim({ ...as, seenHolderCount: count })).toMatchObject({ epoch: 2 });
  });

  it('keeps the tenure of a node that follows itself, and begins one for another', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const returned = node('a', 'a-2');
    const view = await returned.enter();
    expect(rowIn(view, 'id-a').epoch).toBeNull();
    expect(await a.beat(1)).toMatchObject({ outcome: 'ended' });
    const second = await returned.claimNow();
    expect(second).toMatchObject({ epoch: 2, tenureEpoch: 1 });
    const released = await returned.store.release({ epoch: 2, incarnation: 'a-2', handoverTo: null });
    expect(released).toMatchObject({
      epoch: 2,
      holder: null,
      holderIncarnation: null,
      lastHolder: 'id-a',
      handoverTo: null,
    });
    expect(await returned.claimNow()).toMatchObject({ epoch: 3, tenureEpoch: 1 });
    expect(await b.claimNow()).toMatchObject({ epoch: 4, tenureEpoch: 4 });
  });

  it('releases to the named node, and no beat renews what was released', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.register(b, await a.claimNow());
    expect(await a.store.release({ epoch: 1, incarnation: 'a-0', handoverTo: null })).toBeNull();
    expect(await a.store.release({ epoch: 2, incarnation: 'a-1', handoverTo: null })).toBeNull();
    const released = await a.store.release({ epoch: 1, incarnation: 'a-1', handoverTo: 'id-b' });
    expect(released).toMatchObject({ epoch: 1, holder: null, lastHolder: 'id-a', handoverTo: 'id-b', standby: 'id-b' });
    expect(await a.beat(1)).toMatchObject({ outcome: 'ended' });
    expect(await a.store.release({ epoch: 1, incarnation: 'a-1', handoverTo: 'id-b' })).toBeNull();
    expect(await b.claimNow()).toMatchObject({ epoch: 2, holder: 'id-b', handoverTo: null, tenureEpoch: 2 });
  });

  it('registers under the epoch and membership that were said, and nobody who is not there', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    const { epoch, membership } = await a.claimNow();
    const request = {
      epoch,
      incarnation: 'a-1',
      membership,
      standby: 'id-b',
      standbyIncarnation: 'b-1',
      forget: null,
    };
    const wrong = [
      { epoch: epoch + 1 },
      { incarnation: 'a-0' },
      { membership: membership + 1 },
      { standbyIncarnation: 'b-0' },
      { standby: 'id-x' },
      { standby: 'id-a', standbyIncarnation: 'a-1' },
    ];
    for (const change of wrong) expect(await a.store.register({ ...request, ...change })).toBeNull();
    expect(await a.store.register(request)).toMatchObject({ standby: 'id-b', membership: membership + 1 });
    expect(await a.store.register(request)).toBeNull();

    const emptied = { standby: null, standbyIncarnation: null, forget: 'id-b', membership: membership + 1 };
    expect(await a.store.register({ ...request, ...emptied })).toMatchObject({
      standby: null,
      membership: membership + 2,
    });
    const view = await a.store.look();
    expect(view.nodes.map((row) => row.name)).toEqual(['a']);
    expect(rowIn(view, 'id-a').standbyServerName).toBeNull();
    expect(await b.beat(null)).toMatchObject({ outcome: 'ended' });
  });

  it("lets the standby's new incarnation take its own place again, and nobody else", async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.register(b, await a.claimNow());
    const [later, c] = [node('b', 'b-2'), node('c')];
    await later.enter();
    const { reign: seen } = await c.enter();
    expect(await c.store.readopt({ nodeId: 'id-c', incarnation: 'c-1', seen })).toBeNull();
    expect(await b.store.readopt({ nodeId: 'id-b', incarnation: 'b-1', seen })).toBeNull();
    const place = { nodeId: 'id-b', incarnation: 'b-2' };
    expect(await later.store.readopt({ ...place, seen: { ...seen, membership: 9 } })).toBeNull();
    const after = await later.store.readopt({ ...place, seen });
    expect(after).toMatchObject({ standby: 'id-b', standbyIncarnation: 'b-2', membership: seen.membership + 1 });
    expect(await later.store.readopt({ ...place, seen })).toBeNull();
  });
}
