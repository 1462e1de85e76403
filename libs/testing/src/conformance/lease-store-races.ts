import { expect, it } from 'vitest';
import { rowIn, StoreNode, type LeaseStoreHarness } from './harness.ts';

/** The same statements at the same moment, on real connections. */
export function leaseStoreRaces(harness: () => LeaseStoreHarness): void {
  const node = (name: string) => new StoreNode(harness().open(), name);

  it('lets exactly one of eight contenders win a claim', async () => {
    const nodes = Array.from({ length: 8 }, (_, index) => node(`n${index}`));
    for (const one of nodes) await one.enter();
    for (let round = 1; round <= 30; round += 1) {
      // On a lease that is held, and on one that is free: there no holder's row brings the contenders together.
      const { epoch, holderIncarnation } = (await nodes[0]!.store.look()).reign;
      if (round % 3 > 0 && holderIncarnation !== null) {
        await nodes[0]!.store.release({ epoch, incarnation: holderIncarnation, handoverTo: null });
      }
      const view = await nodes[0]!.store.look();
      const won = (await Promise.all(nodes.map((one) => one.claim(view)))).filter((reign) => reign !== null);
      expect(won.length, `round ${round}`).toBe(1);
      const { reign } = await nodes[0]!.store.look();
      expect(reign).toEqual(won[0]);
      expect(reign.epoch).toBe(round);
    }
  });

  it('never lets a beat and a claim both win', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    let [holder, other] = [a, b];
    let { epoch } = await holder.claimNow();
    const wins = { beat: 0, claim: 0 };
    for (let round = 0; round < 300; round += 1) {
      const view = await other.store.look();
      // Whoever is sent first arrives first more often than not, so both orders are tried.
      const race = [() => holder.beat(epoch), () => other.claim(view)] as const;
      const claimFirst = round % 2 === 0 ? other.claim(view) : null;
      const [beat, claimed] = await Promise.all([race[0](), claimFirst ?? race[1]()]);
      const renewed = beat.outcome === 'renewed';
      expect([renewed, claimed !== null], `round ${round}: ${beat.outcome}`).not.toEqual([true, true]);
      // Alone neither has a reason to fail.
      expect(renewed || claimed !== null, `round ${round}: nobody won`).toBe(true);
      if (claimed) {
        wins.claim += 1;
        epoch = claimed.epoch;
        [holder, other] = [other, holder];
      } else wins.beat += 1;
    }
    // Otherwise nothing was raced.
    expect(Math.min(wins.beat, wins.claim), JSON.stringify(wins)).toBeGreaterThan(10);
  });

  it('never lets a release and a claim, or a release and a beat, both count', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    const beater = harness().open();
    const { timeline, remembers } = a;
    const as = { nodeId: 'id-a', incarnation: 'a-1', serverRole: 'PRIMARY', timeline, remembers } as const;
    for (let round = 0; round < 60; round += 1) {
      const { epoch } = await a.claimNow();
      const view = await b.store.look();
      const count = rowIn(view, 'id-a').lastCount + 1;
      const [released, claimed, beat] = await Promise.all([
        a.store.release({ epoch, incarnation: 'a-1', handoverTo: 'id-b' }),
        b.claim(view),
        beater.beat({ ...as, epoch, count }),
      ]);
      expect(released !== null && claimed !== null).toBe(false);
      expect(beat.outcome === 'renewed' && claimed !== null).toBe(false);
      expect(await beater.beat({ ...as, epoch, count: count + 1 })).toMatchObject({
        outcome: released || claimed ? 'ended' : 'renewed',
      });
    }
  });

  it('takes registrations, claims and beats at once without a deadlock', async () => {
    const [a, b, c] = [node('a'), node('b'), node('c')];
    for (const one of [a, b, c]) await one.enter();
    for (let round = 0; round < 60; round += 1) {
      const { epoch, membership } = await a.claimNow();
      const view = await b.store.look();
      const registration = { epoch, incarnation: 'a-1', membership, forget: null };
      const settled = await Promise.allSettled([
        b.claim(view),
        a.store.register({ ...registration, standby: 'id-b', standbyIncarnation: 'b-1' }),
        c.beat(null),
        c.claim(view),
      ]);
      expect(settled.filter((one) => one.status === 'rejected')).toEqual([]);
    }
  });

  it('makes a claim wait for no sink, and no sink write under a reign that is over', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    const { epoch } = await a.claimNow();
    const guard = { epoch, incarnation: 'a-1' };
    expect(await (await harness().beginGuardedWrite(guard)).finish()).toBe('written');
    expect(await harness().guardedRows()).toBe(1);

    const open = await harness().beginGuardedWrite(guard);
    const startedAt = performance.now();
    const second = await b.claimNow();
    const tookMs = performance.now() - startedAt;
    expect(second.epoch).toBe(epoch + 1);
    // The sink does not send its last message before the claim is through: waiting for it would never end.
    expect(tookMs).toBeLessThan(1000);
    expect(await open.finish()).toBe('stale');
    expect(await harness().guardedRows()).toBe(1);
    expect(await (await harness().beginGuardedWrite({ epoch: second.epoch, incarnation: 'b-0' })).finish()).toBe(
      'stale',
    );
    expect(await (await harness().beginGuardedWrite({ epoch: second.epoch, incarnation: 'b-1' })).finish()).toBe(
      'written',
    );
  });

  it('claims as fast while a transaction of the dead active is open as with none', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    let [holder, other] = [a, b];
    let { epoch } = await holder.claimNow();
    const tookMs = { alone: [] as number[], open: [] as number[] };
    for (let round = 0; round < 40; round += 1) {
      const kind = round % 2 === 0 ? 'alone' : 'open';
      const guard = { epoch, incarnation: holder.incarnation };
      const open = kind === 'open' ? await harness().beginGuardedWrite(guard) : null;
      const view = await other.store.look();
      const startedAt = performance.now();
      const won = await other.claim(view);
      tookMs[kind].push(performance.now() - startedAt);
      expect(won?.epoch).toBe(epoch + 1);
      expect((await open?.finish()) ?? 'stale').toBe('stale');
      epoch += 1;
      [holder, other] = [other, holder];
    }
    const [alone, open] = [median(tookMs.alone), median(tookMs.open)];
    // Waiting for it would take for ever; twice and five milliseconds is what a busy machine may add.
    expect(open, `${open.toFixed(1)} ms beside ${alone.toFixed(1)} ms`).toBeLessThan(2 * alone + 5);
  });

  it('puts every guarded write either before a claim or nowhere', async () => {
    const [a, b] = [node('a'), node('b')];
    await a.enter();
    await b.enter();
    let written = 0;
    for (let round = 0; round < 20; round += 1) {
      const { epoch } = await a.claimNow();
      const view = await b.store.look();
      const writes = await Promise.all(
        Array.from({ length: 3 }, () => harness().beginGuardedWrite({ epoch, incarnation: 'a-1' })),
      );
      const [claimed, ...ends] = await Promise.all([
        b.claim(view).then(async (reign) => ({ reign, rows: await harness().guardedRows() })),
        ...writes.map((write) => write.finish()),
      ]);
      expect(claimed?.reign).not.toBeNull();
      written += ends.filter((end) => end === 'written').length;
      // What the claimer saw right after its claim is all there will ever be of the old reign.
      expect(await harness().guardedRows()).toBe(claimed?.rows);
      expect(claimed?.rows).toBe(written);
    }
  });
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
