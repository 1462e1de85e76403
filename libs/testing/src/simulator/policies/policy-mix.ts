import type { Policy } from '@hotstandby/core/policy';
import type { PolicyKind } from '../fault-kinds.ts';
import type { Mix } from '../mix.ts';
import type { Aim } from '../plots.ts';
import { Random } from '../random.ts';

/** Which schedules have policies: the part of them that they are meant for, none, or all. */
export type WithPolicies = 'some' | 'none' | 'all';

/** How a schedule with policies ends, after its heal. */
export type PolicyEnding = 'all-well' | 'active-fails' | 'active-crashes' | 'both-fail';

/** What moves roles by itself in one schedule, what gives it reason to, and who interferes. */
export interface PolicyMix {
  policy: Policy;
  kinds: PolicyKind[];
  everyMs: number;
  aims: Aim[];
  ending: PolicyEnding;
  /** Nothing but that befalls the nodes. */
  calm: boolean;
  faultyMs: number;
  /** What a node wrote down is on its disk, power cut or not, after so long. */
  flushMs: number;
}

const part = 1 / 16;

const kinds: readonly PolicyKind[] = [
  'sick',
  'both-sick',
  'crash-loop',
  'mute',
  'ask-failback',
  'switchover',
  'pause',
  'resume',
  'restart-arbiter',
  'restart-host',
  'power-cut',
  'cut-bus',
  'cut-peers',
  'freeze-arbiter',
  'suspend-host',
];

/** An operator asks at bad moments. */
const moments = ['became-active', 'preparing', 'claim-sent', 'release-sent', 'fenced', 'register-known'] as const;

/** Drawn by a generator of their own, so that all other schedules are what they would be without. */
export function policiesOf(seed: number, which: WithPolicies): PolicyMix | null {
  if (which === 'none') return null;
  const random = new Random(seed ^ 0x3c6ef372);
  if (!random.chance(part) && which === 'some') return null;
  const chosen = kinds.filter(() => random.chance(0.3));
  const asked = random.chance(0.4);
  return {
    policy: {
      enabled: random.chance(0.88),
      failback: random.pick(['automatic', 'automatic', 'automatic', 'manual', 'never']),
      failbackAfterMs: random.pick([2000, 4000, 8000]),
      criticalServices: ['collector'],
      handOverAfterMs: random.pick([3000, 6000]),
      minimumReignMs: random.pick([2000, 5000, 10_000]),
      localRestarts: random.pick([0, 1, 2]),
      restartWindowMs: random.pick([10_000, 20_000]),
      atOnce: random.chance(0.3) ? ['collector'] : [],
    },
    kinds: chosen.length > 0 ? chosen : ['sick'],
    everyMs: random.pick([1500, 4000, 8000]),
    aims: asked ? [{ moment: random.pick(moments), fault: 'switchover', at: 'any', chance: 0.5, withinMs: 40 }] : [],
    ending: random.pick(['all-well', 'all-well', 'active-fails', 'active-crashes', 'both-fail']),
    calm: random.chance(0.5),
    faultyMs: random.between(10_000, 50_000),
    flushMs: random.pick([0, 5, 200]),
  };
}

/** The mix of a seed as it is beside policies: their times are seconds, so there are more faults, further apart. */
export function besidePolicies(mix: Mix, { calm, faultyMs, aims }: PolicyMix): Mix {
  const asked = [...(calm ? [] : mix.aims), ...aims];
  const long = { ...mix, third: false, faultyMs, aims: asked };
  return calm ? { ...long, faultEveryMs: 1e9, slow: 0, fated: 0 } : { ...long, faultEveryMs: 3 * mix.faultEveryMs };
}
