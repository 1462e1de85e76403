import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profiles } from '@hotstandby/config';
import type { ArbiterDescription } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { type GrantWatch, overlapsOf, spansOf } from './grant-watch.ts';
import { startLeaseRig, type LeaseNode, type LeaseRig } from './lease-rig.ts';

let rig: LeaseRig;
let third: LeaseNode;
let grants: GrantWatch;

beforeAll(async () => {
  rig = await startLeaseRig('standard');
  third = await rig.addThird('c');
  grants = await rig.watchGrants([rig.a, rig.b, third]);
  rig.a.start();
  await role(rig.a, 'active');
  rig.b.start();
  await role(rig.b, 'standby');
}, 90_000);

afterAll(async () => {
  await grants?.close();
  await rig?.remove();
}, 30_000);

/** Waits until the node says that it has the role. */
function role(node: LeaseNode, wanted: ArbiterDescription['role'], timeoutMs = 30_000): Promise<ArbiterDescription> {
  return eventually(
    async () => {
      const said = await node.describe();
      if (said?.role !== wanted) throw new Error(`${node.name} is ${said?.role}: ${said?.reason}\n${node.output()}`);
      return said;
    },
    timeoutMs,
    `${node.name} ${wanted}`,
  );
}

describe('a third node of the cluster', () => {
  it('is refused with the reason while the standby is alive', async () => {
    third.start();
    const { reason } = await role(third, 'refused');
    expect(reason).toMatch(/a is active/);
    expect(reason).toMatch(/b is its standby/);
    expect((await rig.a.describe())?.standby?.name).toBe('b');
  });

  it('does not act when holder and standby are both silent: it cannot tell death from a cut', async () => {
    await Promise.all([rig.a.kill(), rig.b.kill()]);
    const until = performance.now() + 3 * profiles.standard.leaseTtlMs;
    while (performance.now() < until) {
      expect((await third.describe())?.role).not.toBe('active');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(grants.seen.filter(({ node, epoch }) => node === 'c' && epoch !== null)).toEqual([]);
  });

  it('acts when its operator vouches for their death, and not while one of them gives signs of life', async () => {
    const taken = await third.ask('takeover', { operator: 'eve', reason: 'the room burns' });
    expect(taken).toMatchObject({ done: true, to: 'c' });
    await role(third, 'active');
    const [claim] = await rig.postgres.sql(
      "select rule, operator, evidence from hotstandby.transition where node = 'c' and to_role = 'active'",
    );
    expect(claim).toMatchObject({ rule: 'claim-forced', operator: 'eve', evidence: { why: 'the room burns' } });

    rig.a.start();
    await role(rig.a, 'standby');
    expect(await rig.a.ask('takeover', { operator: 'eve' })).toMatchObject({ done: false, code: 'HS_HOLDER_ALIVE' });
    await third.kill();
    await role(rig.a, 'active');
    rig.b.start();
    await role(rig.b, 'standby');
    third.start();
    await role(third, 'refused');
    await eventually(
      async () => {
        const roles = (await Promise.all([rig.a.describe(), rig.b.describe()])).map((said) => said?.role);
        return roles.includes('active') && roles.includes('standby');
      },
      30_000,
      'an active and a standby again',
    );
  });

  it('becomes the standby when the standby is killed, and takes over when the active is killed too', async () => {
    const roles = await Promise.all([rig.a.describe(), rig.b.describe()]);
    const [active, standby] = roles[0]?.role === 'active' ? [rig.a, rig.b] : [rig.b, rig.a];
    await standby.kill();
    await role(third, 'standby');
    await eventually(async () => (await active.describe())?.redundancy === 'ready', 15_000, 'a standby that is ready');
    expect((await active.describe())?.standby?.name).toBe('c');
    await active.kill();
    const { epoch } = await role(third, 'active');
    expect(epoch).toBeGreaterThan(roles.find((one) => one?.role === 'active')?.epoch ?? Number.POSITIVE_INFINITY);
  });

  it('never made two actives', () => {
    const spans = spansOf(grants.seen, profiles.standard.leaseTtlMs);
    expect(new Set(spans.map(({ node }) => node))).toContain('c');
    expect(overlapsOf(spans)).toEqual([]);
  });
});
