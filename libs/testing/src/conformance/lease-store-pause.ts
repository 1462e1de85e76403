import { expect, it } from 'vitest';
import { StoreNode, type LeaseStoreHarness } from './harness.ts';

/** The pause: seen by everybody, timed by the store, and a claim on what was before it comes to nothing. */
export function leaseStorePause(harness: () => LeaseStoreHarness): void {
  const node = (name: string) => new StoreNode(harness().open(), name);
  const asked = { forMs: 60_000, operator: 'root@host', reason: 'new kernel' };

  it('shows a pause to everybody, with what is left of it', async () => {
    const [a, b] = [node('a'), node('b')];
    expect((await a.enter()).pause).toBeNull();
    await b.enter();
    const { membership } = await a.claimNow();
    expect(await b.store.pause({ ...asked, seenNumber: 0 })).toMatchObject({ membership: membership + 1, epoch: 1 });
    const views = [await a.store.look(), (await b.beat(null)).view];
    for (const { pause } of views) {
      expect(pause).toMatchObject({ number: 1, operator: 'root@host', reason: 'new kernel' });
      expect(pause?.remainingMs).toBeGreaterThan(50_000);
      expect(pause?.remainingMs).toBeLessThanOrEqual(60_000);
      expect(new Date(pause?.endsAt ?? '').toISOString()).toBe(pause?.endsAt);
    }
    expect(await a.beat(1)).toMatchObject({ outcome: 'renewed' });
  });

  it('changes the pause for whoever saw the newest one, and ends it', async () => {
    const a = node('a');
    await a.enter();
    expect(await a.store.pause({ ...asked, seenNumber: 1 })).toBeNull();
    const both = await Promise.all([1, 2].map(() => node('a').store.pause({ ...asked, seenNumber: 0 })));
    expect(both.filter((reign) => reign !== null)).toHaveLength(1);
    expect(await a.store.pause({ ...asked, seenNumber: 0 })).toBeNull();
    expect(await a.store.pause({ seenNumber: 1, forMs: 0, operator: 'eve', reason: '' })).not.toBeNull();
    expect((await a.store.look()).pause).toMatchObject({ number: 2, remainingMs: 0, operator: 'eve' });
  });

  it('ends by itself', async () => {
    const a = node('a');
    await a.enter();
    await a.store.pause({ ...asked, seenNumber: 0, forMs: 1 });
    await expect.poll(async () => (await a.store.look()).pause?.remainingMs, { timeout: 5000 }).toBe(0);
    expect((await a.store.look()).pause).toMatchObject({ number: 1, operator: 'root@host' });
  });

  it('grants no claim and no membership that was asked for on a look before the pause', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    const first = await a.register(b, await a.claimNow());
    const before = await b.store.look();
    await a.store.pause({ ...asked, seenNumber: 0 });
    expect(await b.claim(before)).toBeNull();
    await expect(a.register(b, first)).rejects.toThrow('could not register');
    expect(await b.claim(await b.store.look())).toMatchObject({ epoch: 2, holder: 'id-b' });
  });
}
