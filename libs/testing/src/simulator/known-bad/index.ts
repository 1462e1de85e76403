import { beatsAndClaims } from './beats-and-claims.ts';
import { extraRules } from './extras.ts';
import { handOvers } from './hand-overs.ts';
import type { KnownBad } from './known-bad.ts';
import { policyRules } from './policies.ts';
import { promises } from './promises.ts';
import { waits } from './waits.ts';
import { writers } from './writers.ts';

export type { KnownBad } from './known-bad.ts';

export const knownBad: KnownBad[] = [
  ...waits,
  ...promises,
  ...beatsAndClaims,
  ...handOvers,
  ...writers,
  ...extraRules,
  ...policyRules,
];
