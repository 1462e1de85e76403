import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profiles } from '@hotstandby/config';
import { eventually } from '../parts/eventually.ts';
import { type GrantWatch, overlapsOf, spansOf } from './grant-watch.ts';
import { startLeaseRig, type LeaseRig } from './lease-rig.ts';

const rounds = 20;
const { leaseTtlMs } = profiles.fast;

let rig: LeaseRig;
let grants: GrantWatch;

beforeAll(async () => {
  rig = await startLeaseRig('fast');
  grants = await rig.watchGrants([rig.a, rig.b]);
}, 60_000);

afterAll(async () => {
  await grants?.close();
  await rig?.remove();
}, 30_000);

/** One is active, with the other as its standby; both say so. Its name and epoch. */
async function settled(): Promise<{ active: string; epoch: number }> {
  return eventually(
    async () => {
      const [a, b] = await Promise.all([rig.a.describe(), rig.b.describe()]);
      if (!a || !b) throw new Error('an arbiter does not answer');
      if ([a.role, b.role].toSorted().join() !== 'active,standby') throw new Error(`${a.role} and ${b.role}`);
      const active = a.role === 'active' ? a : b;
      if (active.redundancy !== 'ready') throw new Error(`redundancy ${active.redundancy}`);
      return { active: active.node, epoch: active.epoch };
    },
    30_000,
    'one active and one standby',
  );
}

describe('both nodes started at the same moment', () => {
  // How the round before ended: everybody crashed (the lease is held by a dead node), everybody was stopped in an order
  // (it is free), or the store is as new (nobody ever held it).
  it(`gives one winner each time, ${rounds} times, and epochs that only grow`, async () => {
    const winners: string[] = [];
    let lastEpoch = 0;
    for (let round = 0; round < rounds; round++) {
      const emptyStore = round % 5 === 0;
      if (emptyStore) {
        const store = { url: await rig.postgres.createDatabase(`round_${round}`) };
        // A node is bound to its store at its first start: new ones for a new store.
        await Promise.all([rig.a, rig.b].map((node) => node.configure({ store }, `data-${round}`)));
        lastEpoch = 0;
        grants.seen.length = 0;
      }
      const order = round % 2 === 0 ? [rig.a, rig.b] : [rig.b, rig.a];
      for (const node of order) node.start();
      const { active, epoch } = await settled().catch((error: unknown) => {
        throw new Error(`round ${round}: ${String(error)}\n${rig.a.output()}\n${rig.b.output()}`, { cause: error });
      });
      expect(epoch, `round ${round}`).toBeGreaterThan(lastEpoch);
      lastEpoch = epoch;
      winners.push(active);
      if (round % 3 === 0)
        expect(await Promise.all(order.map((node) => node.stop()))).toEqual([
          [0, 0],
          [0, 0],
        ]);
      else await Promise.all(order.map((node) => node.kill()));

      const spans = spansOf(grants.seen, leaseTtlMs);
      expect(overlapsOf(spans), `round ${round}`).toEqual([]);
      expect(spans.length, `round ${round}`).toBeGreaterThan(0);
    }
    console.log(`winners: ${winners.join(' ')}`);
  }, 200_000);
});
