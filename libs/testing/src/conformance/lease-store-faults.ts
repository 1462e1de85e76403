import { StoreError, type StoreFault } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { rowIn, StoreNode, type LeaseStoreHarness } from './harness.ts';

/** What a store does that is away, slow, restarted, replaced or somebody else's. */
export function leaseStoreFaults(harness: () => LeaseStoreHarness): void {
  const node = (name: string, statementTimeoutMs = 2000) => new StoreNode(harness().open({ statementTimeoutMs }), name);

  it('says unknown when the server freezes under a claim, and goes on by itself afterwards', async () => {
    const [a, b] = [node('a'), node('b', 300)];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const view = await b.store.look();
    harness().freeze();
    const startedAt = performance.now();
    expect(await faultOf(b.claim(view))).toBe('unknown');
    expect(performance.now() - startedAt).toBeLessThan(1500);
    // The server is still frozen: nothing that is called now can have been carried out.
    expect(await faultOf(b.store.look())).toBe('unreachable');
    harness().thaw();
    const after = await b.store.look();
    // The claim was carried out or is over: it can not come later.
    if (after.reign.holder === 'id-b') {
      b.count = rowIn(after, 'id-b').lastCount;
      expect(await b.beat(after.reign.epoch)).toMatchObject({ outcome: 'renewed' });
    } else expect(await b.claimNow()).toMatchObject({ epoch: 2 });
    expect(await a.beat(1)).toMatchObject({ outcome: 'ended' });
  });

  it('never carries out an unknown statement after a later one', async () => {
    const [a, b] = [node('a'), node('b', 200)];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const view = await b.store.look();
    const stalled = await harness().stallConnections();
    // On its way to the server, which will find it when it goes on.
    expect(await faultOf(b.claim(view))).toBe('unknown');
    // An answer now says that nobody has claimed: then the claim must not come after it. A store may also give none.
    const during = await b.store.look().catch((error: unknown) => faultIn(error));
    if (typeof during === 'string') expect(during).toBe('unreachable');
    stalled.goOn();
    const after = await b.store.look();
    if (typeof during !== 'string') expect(after.reign).toEqual(during.reign);
    for (let look = 0; look < 30; look += 1) expect((await a.store.look()).reign).toEqual(after.reign);
  });

  it('says unknown when the connection is lost under a statement', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const view = await b.store.look();
    const held = await harness().holdNodeRow('id-a');
    const claimed = faultOf(b.claim(view));
    await harness().breakConnections();
    expect(await claimed).toBe('unknown');
    await held.letGo();
    expect((await b.store.look()).reign).toEqual(view.reign);
  });

  it('ends a statement that hangs on a lock in its time, surely not carried out', async () => {
    const a = node('a', 300);
    const before = await a.enter();
    const held = await harness().holdNodeRow('id-a');
    const startedAt = performance.now();
    expect(await faultOf(a.beat(null))).toBe('unreachable');
    expect(performance.now() - startedAt).toBeLessThan(1500);
    await held.letGo();
    expect((await a.store.look()).nodes).toEqual(before.nodes);
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
  });

  it('takes calls in their order, whatever happens to the first', async () => {
    const a = node('a', 400);
    await a.enter();
    const held = await harness().holdNodeRow('id-a');
    const ended: string[] = [];
    const note = (name: string) => () => void ended.push(name);
    const first = a.beat(null).then(note('first'), note('first'));
    const second = a.store.look().then(note('second'), note('second'));
    await Promise.all([first, second]);
    await held.letGo();
    expect(ended).toEqual(['first', 'second']);
  });

  it('shows a restart of the server as another incarnation, and connects again by itself', async (context) => {
    if (harness().restarts === false) return context.skip('the server cannot be restarted here');
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    const before = await b.enter();
    const { epoch } = await a.claimNow();
    expect((await a.store.look()).storeIncarnation).toBe(before.storeIncarnation);
    await harness().restart();
    const after = await settled(() => a.beat(epoch));
    expect(after.outcome).toBe('renewed');
    expect(after.view.storeIncarnation).not.toBe(before.storeIncarnation);
    expect((await settled(() => b.store.look())).storeIncarnation).toBe(after.view.storeIncarnation);
  });

  it('carries out no claim that rests on what the server showed before its restart', async (context) => {
    if (harness().restarts === false) return context.skip('the server cannot be restarted here');
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    await a.claimNow();
    const { reign, nodes, timeline, storeIncarnation } = await b.store.look();
    const seenHolderCount = nodes.find(({ nodeId }) => nodeId === 'id-a')?.lastCount ?? null;
    const as = { nodeId: 'id-b', incarnation: 'b-1', seen: reign, seenHolderCount, timeline, rebase: null };
    await harness().restart();
    // It connects again by itself, and then it is another server.
    const refused = await b.store.claim({ ...as, storeIncarnation }).catch(() => null);
    expect(refused).toBeNull();
    const again = await settled(() => b.store.look());
    expect(again.reign).toEqual(reign);
    expect(await b.store.claim({ ...as, storeIncarnation }).catch(() => null)).toBeNull();
    const { storeIncarnation: now } = again;
    expect(await b.store.claim({ ...as, storeIncarnation: now })).toMatchObject({ epoch: 2 });
  });

  it('says unreachable while the server is away, at once and at every call', async () => {
    const a = node('a');
    await a.enter();
    await harness().halt();
    await faultOf(a.store.look());
    for (let call = 0; call < 3; call += 1) {
      const startedAt = performance.now();
      expect(await faultOf(a.beat(null))).toBe('unreachable');
      expect(performance.now() - startedAt).toBeLessThan(1000);
    }
    expect(await faultOf(node('b').enter())).toBe('unreachable');
    await harness().restart();
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
  });

  it('refuses a store of another cluster', async () => {
    await node('a').enter();
    expect(await faultOf(harness().open({ cluster: 'another' }).prepare())).toBe('foreign');
    expect(await faultOf(harness().open({ cluster: 'another' }).look())).toBe('foreign');
  });

  it('refuses a schema that needs a newer program', async () => {
    const a = node('a');
    await a.enter();
    await harness().makeSchemaNewer();
    expect(await faultOf(harness().open().prepare())).toBe('newer-schema');
    expect(await faultOf(harness().open().look())).toBe('newer-schema');
  });

  it('says read-only when the store takes no writes, and goes on when it does again', async () => {
    const a = node('a');
    await a.enter();
    await harness().setReadOnly(true);
    await faultOf(a.store.look());
    expect(await faultOf(a.beat(null))).toBe('read-only');
    expect(await faultOf(node('b').enter())).toBe('read-only');
    await harness().setReadOnly(false);
    await faultOf(a.store.look());
    expect(await a.beat(null)).toMatchObject({ outcome: 'renewed' });
  });

  it('shows a store that went back in time as it is', async () => {
    const a = node('a');
    await a.enter();
    await a.claimNow();
    const backup = await harness().takeBackup();
    await a.store.release({ epoch: 1, incarnation: 'a-1', handoverTo: null });
    await a.claimNow();
    await a.beat(2);
    await backup.restore();
    const { outcome, view } = await settled(() => a.beat(2));
    expect(outcome).toBe('ended');
    expect(view.reign.epoch).toBe(1);
  });

  it('closes at once, also under a statement that hangs', async () => {
    const a = node('a', 10_000);
    await a.enter();
    const held = await harness().holdNodeRow('id-a');
    const hanging = faultOf(a.beat(null));
    await new Promise((resolve) => setImmediate(resolve));
    const startedAt = performance.now();
    await a.store.close();
    expect(await hanging).toBeOneOf(['unknown', 'unreachable']);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await held.letGo();
    expect(await faultOf(a.store.look())).toBe('unreachable');
  });
}

async function faultOf(statement: Promise<unknown>): Promise<StoreFault | 'none'> {
  try {
    await statement;
    return 'none';
  } catch (error) {
    return faultIn(error);
  }
}

function faultIn(error: unknown): StoreFault {
  if (error instanceof StoreError) return error.fault;
  throw error;
}

/** The first answer after a break: the call that finds the connection broken may fail. */
async function settled<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof StoreError) return call();
    throw error;
  }
}
