import { describe, expect, it } from 'vitest';
import { overlapsOf, spansOf, type SeenGrant } from './grant-watch.ts';

const ttl = 100;
const seen = (node: string, epoch: number | null, deadlineMs: number, arrivedMs: number): SeenGrant => ({
  node,
  epoch,
  deadlineMs,
  arrivedMs,
  role: epoch === null ? 'standby' : 'active',
  nodeId: `id-${node}`,
  incarnation: `run-of-${node}`,
  tenure: null,
});

describe('the checker of grants', () => {
  it('is content when each grant is dead before the next claim is sent', () => {
    const grants = [seen('a', 1, 1100, 1001), seen('a', 1, 1140, 1041), seen('b', 2, 1245, 1150)];
    expect(overlapsOf(spansOf(grants, ttl))).toEqual([]);
  });

  it('finds a claim that was sent a millisecond before the other grant was dead, however late it was heard', () => {
    const grants = [seen('a', 1, 1100, 1001), seen('b', 2, 1199, 9000)];
    expect(overlapsOf(spansOf(grants, ttl))).toHaveLength(1);
  });

  it('takes a revocation by its own date, also when it is heard after the claim that followed it', () => {
    const grants = [seen('a', 1, 1100, 1001), seen('b', 2, 1130, 1031), seen('a', null, 1020, 1040)];
    expect(overlapsOf(spansOf(grants, ttl))).toEqual([]);
  });

  it('finds an old holder that goes on after another has claimed', () => {
    const grants = [seen('a', 1, 1100, 1001), seen('b', 2, 1210, 1111), seen('a', 1, 1220, 1121)];
    expect(overlapsOf(spansOf(grants, ttl))).toHaveLength(1);
  });

  it('lets an active replace its own word by one of a newer epoch, and nobody else do so', () => {
    const grants = [seen('a', 1, 1100, 1001), seen('a', 2, 1150, 1051)];
    expect(overlapsOf(spansOf(grants, ttl))).toEqual([]);
    expect(overlapsOf(spansOf([...grants, seen('b', 3, 1180, 1081)], ttl))).toHaveLength(1);
    // Going back to the earlier word is none of it.
    expect(overlapsOf(spansOf([...grants, seen('a', 1, 1300, 1201)], ttl))).toHaveLength(1);
    // Neither is another incarnation: two processes of one node are two.
    const other = { ...seen('a', 2, 1150, 1051), incarnation: 'a later run of a' };
    expect(overlapsOf(spansOf([seen('a', 1, 1100, 1001), other], ttl))).toHaveLength(1);
  });

  it('refuses an epoch that two nodes hold', () => {
    expect(() => spansOf([seen('a', 1, 1100, 1001), seen('b', 1, 1500, 1401)], ttl)).toThrow(/two holders/);
  });
});
