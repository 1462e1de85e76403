import { StoreError } from '@hotstandby/ports';
import { sqlStateOf } from './faults.ts';

const checkViolation = '23514';

/**
 * True when a partition for the day of some rows was made while they were on their way to the table's rest, which holds no row of a day that has
 * one: the same again finds the partition. Constraints of values have names.
 */
export function missedPartition(error: unknown): boolean {
  if (!(error instanceof StoreError) || sqlStateOf(error.cause) !== checkViolation) return false;
  return (error.cause as { constraint?: string }).constraint === undefined;
}

/** True when the database refused a value (not the connection, a lock or space): the same batch would fail for ever. */
export function refusesValue(error: unknown): boolean {
  const state = error instanceof StoreError ? sqlStateOf(error.cause) : null;
  // Data exceptions, constraints, limits of the program (nesting, size).
  return state !== null && /^(22|23|54)/.test(state) && !missedPartition(error);
}
