import { copyTuples } from './copy/copy-tuples.ts';
import { tupleColumns, type TupleTable } from './staged-records.ts';
import type { Session } from './session.ts';

/** How a transaction's rows go out: all at once, or (after a row that the database refused) one by one. */
export interface Writing {
  session: Session;
  timeoutMs: number;
  /** Quoted. */
  schema: string;
  epoch: number;
  careful: boolean;
}

export const copyInto = (
  { session, timeoutMs, schema }: Writing,
  table: TupleTable,
  tuples: readonly Buffer[],
): Promise<void> => copyTuples(session, timeoutMs, `${schema}.${table}`, tupleColumns[table], tuples);
