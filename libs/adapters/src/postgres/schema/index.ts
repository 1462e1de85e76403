import { leaseFunctions } from './lease-functions.ts';
import { leaseTables } from './lease-tables.ts';
import type { Migration } from './migration.ts';

export type { Migration };

/** In order; versions count from 1 without gaps. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'lease', needs: 1, statements: (s) => [...leaseTables(s), ...leaseFunctions(s)] },
];

/** What this program knows. */
export const knownVersion = migrations.length;
