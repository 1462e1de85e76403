import { StoreError } from '@hotstandby/ports';
import { numberOf } from '../faults.ts';

/**
 * Errors by which the database refuses a value, and not the connection, a lock or space: NULL, a constraint, a text that is
 * too long, a number that is too big, a row that is too big. The same batch would fail for ever.
 */
export const refusals: ReadonlySet<number> = new Set([220, 511, 515, 547, 2628, 8115, 8152]);

/** Another writer has marked the same message, or the server ended one of two that waited for each other. */
const collisions = new Set([1205, 2601, 2627]);

export function refusesValue(error: unknown): boolean {
  return refusals.has(storeNumber(error));
}

/** Nothing was stored, and all may be tried again at once. */
export function collides(error: unknown): boolean {
  return collisions.has(storeNumber(error));
}

/** The number of the error that the store answered, where it is known that nothing was carried out; 0: none. */
export function storeNumber(error: unknown): number {
  if (!(error instanceof StoreError) || error.fault === 'unknown') return 0;
  return numberOf(error.cause) ?? 0;
}
