import type { Stage } from '@hotstandby/testing/transcript';
import { faults } from './faults.ts';
import { plans } from './plans.ts';
import { policies } from './policies.ts';
import { stores } from './stores.ts';

/** A conversation that matters. The file beside this one has its name. */
export interface Scene {
  title: string;
  /** What it shows. */
  sentence: string;
  play: (stage: Stage) => Promise<void>;
  /** Who is what when the curtain falls. */
  ends: string;
}

export const scenes: Readonly<Record<string, Scene>> = { ...plans, ...policies, ...faults, ...stores };
