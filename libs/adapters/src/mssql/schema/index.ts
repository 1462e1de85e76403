import { comparedNodes } from './compared-nodes.ts';
import { leaseTables } from './lease-tables.ts';
import { recordTables } from './record-tables.ts';

/** One step of the schema. Released ones are never changed: a later step changes what they made. */
export interface Migration {
  version: number;
  name: string;
  /** The lowest schema version that a program must know to work with a store that has this step. */
  needs: number;
  /** Statements; `schema` is quoted already. */
  statements(schema: string): string[];
}

/** In order; versions count from 1 without gaps. They are this dialect's own: not those of PostgreSQL. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'lease', needs: 1, statements: leaseTables },
  { version: 2, name: 'records', needs: 1, statements: recordTables },
  { version: 3, name: 'compared nodes', needs: 1, statements: comparedNodes },
];

/** What this program knows. */
export const knownVersion = migrations.length;
