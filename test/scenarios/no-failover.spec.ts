import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profiles } from '@hotstandby/config';
import type { ArbiterDescription } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { startLeaseRig, type LeaseNode, type LeaseRig } from './lease-rig.ts';

let rig: LeaseRig;
const off = { policy: { enabled: false } };

beforeAll(async () => {
  rig = await startLeaseRig('standard');
  await rig.a.configure(off);
  await rig.b.configure(off);
}, 60_000);

afterAll(() => rig?.remove(), 30_000);

function says(node: LeaseNode, what: (said: ArbiterDescription) => boolean, told: string): Promise<ArbiterDescription> {
  return eventually(
    async () => {
      const said = await node.describe();
      if (!said || !what(said)) throw new Error(`${node.name} is ${said?.role}: ${said?.reason}\n${node.output()}`);
      return said;
    },
    30_000,
    told,
  );
}

describe('two nodes without failover', () => {
  it('have the primary active alone, and the other one says why it does nothing', async () => {
    rig.b.start();
    await says(rig.b, ({ reason }) => reason.includes('policy.enabled'), 'b says that failover is off');
    rig.a.start();
    await says(rig.a, ({ role }) => role === 'active', 'a active');
    expect((await rig.b.describe())?.role).toBe('starting');
    expect(rig.a.output()).toContain('Nobody takes over');
    expect(await rig.a.ask('switchover')).toMatchObject({ done: false, code: 'HS_FAILOVER_OFF' });
  });

  it('have nobody take over from a dead active, which is active again when it is back', async () => {
    await rig.a.kill();
    const untilMs = performance.now() + 3 * profiles.standard.leaseTtlMs;
    while (performance.now() < untilMs) {
      expect((await rig.b.describe())?.role).toBe('starting');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    rig.a.start();
    const { epoch, standby } = await says(rig.a, ({ role }) => role === 'active', 'a active again');
    expect({ epoch, standby }).toEqual({ epoch: 2, standby: null });
  });

  it('go on as a pair when it is switched on again', async () => {
    await rig.b.kill();
    await rig.b.configure();
    rig.b.start();
    // Only one of them has it on: nobody registers anybody.
    await says(rig.b, ({ reason }) => reason.includes('waiting'), 'b waits to be registered');
    expect((await rig.a.describe())?.standby).toBeNull();
    await rig.a.kill();
    await rig.a.configure();
    rig.a.start();
    await eventually(
      async () => {
        const roles = (await Promise.all([rig.a.describe(), rig.b.describe()])).map((said) => said?.role);
        return roles.toSorted().join() === 'active,standby';
      },
      30_000,
      'an active and a standby',
    );
  });
});
