import type { Policy } from './state.ts';

/** The names of the fields in which the other node's policy, as it came over the bus, is not this one's. */
export function differences(own: Policy, other: unknown): string[] {
  if (typeof other !== 'object' || other === null) return [];
  const theirs = new Map(Object.entries(other));
  return Object.entries(own)
    .filter(([field, value]) => theirs.has(field) && JSON.stringify(theirs.get(field)) !== JSON.stringify(value))
    .map(([field]) => field);
}
