import { setImmediate } from 'node:timers/promises';
import { StoreError } from '@hotstandby/ports';
import { TYPES, type Connection } from 'tedious';
import { statementFault } from './faults.ts';

export interface BulkColumn {
  name: string;
  nullable: boolean;
  /** `datetime2` is to the millisecond. */
  type: 'nvarchar' | 'varbinary' | 'smallint' | 'int' | 'bigint' | 'float' | 'datetime2';
  /** Characters or octets; Infinity: as many as there are. */
  length?: number;
}

export interface BulkTable {
  /** As it stands in SQL text. */
  name: string;
  columns: readonly BulkColumn[];
}

const driverTypes = {
  nvarchar: TYPES.NVarChar,
  varbinary: TYPES.VarBinary,
  smallint: TYPES.SmallInt,
  int: TYPES.Int,
  bigint: TYPES.BigInt,
  float: TYPES.Float,
  datetime2: TYPES.DateTime2,
} as const;

/** The driver makes rows without a pause; a service that is busy for long hears nothing of its grant. */
const rowsWithoutPause = 100;

/**
 * Rows in the order of the columns, by `INSERT BULK`, which takes a table lock: for tables of the session's own. Rows must
 * come in the order of their `row_no`. It may take long, but no part of it longer than `timeoutMs`. Throws `StoreError`.
 */
export function bulkLoad(
  connection: Connection,
  { name, columns }: BulkTable,
  rows: Iterable<unknown[]>,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StoreError('unknown', `no answer within ${timeoutMs} ms`)), timeoutMs);
    const options = { keepNulls: true, lockTable: true, order: { row_no: 'ASC' as const } };
    const load = connection.newBulkLoad(name, options, (error) => {
      clearTimeout(timer);
      if (error) reject(statementFault(error));
      else resolve();
    });
    for (const { name: column, type, length, nullable } of columns) {
      const size = { ...(length === undefined ? {} : { length }), ...(type === 'datetime2' ? { scale: 3 } : {}) };
      load.addColumn(column, driverTypes[type], { nullable, ...size });
    }
    connection.execBulkLoad(
      load,
      paced(rows, () => timer.refresh()),
    );
  });
}

/** The driver asks for no more than the connection takes, so every row that it asks for is a sign of life. */
async function* paced(rows: Iterable<unknown[]>, tell: () => void): AsyncGenerator<unknown[]> {
  let made = 0;
  for (const row of rows) {
    made += 1;
    if (made % rowsWithoutPause === 0) {
      tell();
      await setImmediate();
    }
    yield row;
  }
}
