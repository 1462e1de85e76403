import type { BulkColumn, BulkTable } from '../bulk-load.ts';
import { idLength } from '../parameters.ts';
import { shortLength, type Column, type ColumnType } from './column.ts';
import { recordTableNames, recordTables, type RecordTableName } from './record-columns.ts';
import { trafficTableNames, type TrafficTable } from './traffic-rows.ts';

/**
 * Where a session puts rows before the one batch that stores them: its own temporary tables, which no other session sees
 * and which end with it. Texts take the collation of the database, not that of `tempdb`; an address travels as `nvarchar`,
 * because the driver must know a code page for `varchar`, and is made `varchar(45)` by the INSERT.
 */
const types: Record<ColumnType, Omit<BulkColumn, 'name' | 'nullable'>> = {
  text: { type: 'nvarchar', length: Infinity },
  short: { type: 'nvarchar', length: shortLength },
  address: { type: 'nvarchar', length: 45 },
  int2: { type: 'smallint' },
  int4: { type: 'int' },
  int8: { type: 'bigint' },
  instant: { type: 'datetime2' },
  json: { type: 'nvarchar', length: Infinity },
  bytes: { type: 'varbinary', length: Infinity },
};

const column = (name: string, type: ColumnType, nullable = true): BulkColumn => ({ name, nullable, ...types[type] });
/** In the order of arrival, which is that of the ids that the rows get. */
const rowNumber: BulkColumn = { name: 'row_no', nullable: false, type: 'int' };

const recordTable = (table: RecordTableName): BulkTable => ({
  name: `#hotstandby_${table}`,
  columns: [
    rowNumber,
    ...(recordTables[table] as readonly Column<never>[]).map(({ name, type, otherwise }) =>
      column(name, type, otherwise === undefined),
    ),
    column('altered', 'text'),
  ],
});

const trafficKeys: Record<TrafficTable, BulkColumn[]> = {
  traffic_part: [column('input_interface', 'int8', false), column('output_interface', 'int8', false)],
  applications_part: [column('protocol', 'int2', false), column('port', 'int4', false)],
  conversations_part: [
    column('source_address', 'address', false),
    column('destination_address', 'address', false),
    column('protocol', 'int2', false),
    column('port', 'int4', false),
  ],
};

const trafficTable = (table: TrafficTable): BulkTable => ({
  name: `#hotstandby_${table}`,
  columns: [
    rowNumber,
    column('minute', 'instant', false),
    column('exporter', 'address'),
    ...trafficKeys[table],
    ...['flows', 'packets', 'octets'].map((total) => column(total, 'int8', false)),
  ],
});

/** Marks and ledger of the messages. */
export const stagedMessages: BulkTable = {
  name: '#hotstandby_message',
  columns: [
    rowNumber,
    { name: 'message_id', nullable: false, type: 'nvarchar', length: idLength },
    { name: 'node_id', nullable: false, type: 'nvarchar', length: idLength },
    column('first_received_at', 'instant', false),
    column('last_received_at', 'instant', false),
    column('stored_datagrams', 'int4', false),
    column('settled_datagrams', 'int4', false),
    column('stored', 'bytes', false),
    column('settled', 'bytes', false),
    { name: 'clock_ahead_ms', nullable: true, type: 'float' },
  ],
};

export const stagedRecords = byName(recordTableNames, recordTable);
export const stagedTraffic = byName(trafficTableNames, trafficTable);

const allTables = [stagedMessages, ...Object.values(stagedRecords), ...Object.values(stagedTraffic)];

/** Makes them, or empties what another use of the session left. As a batch: what a call makes ends with the call. */
export const emptyStaging = allTables
  .map(({ name, columns }) => {
    const described = columns.map((one) => `[${one.name}] ${declared(one)}`).join(', ');
    return `IF OBJECT_ID(N'tempdb..${name}') IS NULL
  CREATE TABLE ${name} (${described}, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE ${name};`;
  })
  .join('\n');

function declared({ type, length, nullable }: BulkColumn): string {
  const size = length === undefined ? '' : `(${length === Infinity ? 'max' : length})`;
  const exactType = type === 'datetime2' ? 'datetime2(3)' : `${type}${size}`;
  return `${exactType}${type === 'nvarchar' ? ' COLLATE DATABASE_DEFAULT' : ''} ${nullable ? 'NULL' : 'NOT NULL'}`;
}

function byName<Name extends string>(names: readonly Name[], make: (name: Name) => BulkTable): Record<Name, BulkTable> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, BulkTable>;
}
