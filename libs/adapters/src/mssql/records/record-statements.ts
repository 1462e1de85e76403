import { ownErrors } from '../faults.ts';
import type { BulkTable } from '../bulk-load.ts';
import { guardedBatch } from './guarded-batch.ts';
import type { Column } from './column.ts';
import { recordTableNames, recordTables } from './record-columns.ts';
import { refusals } from './refusals.ts';
import { stagedMessages, stagedRecords, stagedTraffic } from './staging-tables.ts';
import { trafficTableNames } from './traffic-rows.ts';

export interface StoreKind {
  /** As one of those who settle a take-over, and only while it is this one's turn. */
  replay: boolean;
  /** Row by row, after one that the store refused. */
  careful: boolean;
}

/**
 * Stores what the session has staged: marks, rows, sums and ledger, or nothing. A message that is stored already ends it by the
 * key of its mark. `schema` is quoted.
 */
export function storeStatement(schema: string, { replay, careful }: StoreKind): string {
  const turn = `  UPDATE ${schema}.delivery_replay SET renewed_at = SYSUTCDATETIME()
   WHERE node_id = @replay_node AND tenure_epoch = @replay_tenure AND [owner] = @replay_owner AND done = 0;
  IF @@ROWCOUNT = 0 BEGIN; THROW ${ownErrors.turnLost}, N'another collector settles this take-over', 1; END;`;
  const marks = `  INSERT INTO ${schema}.delivered_frame (message_id, epoch)
  SELECT m.message_id, @epoch FROM ${stagedMessages.name} AS m ORDER BY m.message_id;`;
  const ledgerColumns = stagedMessages.columns.map(({ name }) => name).filter((name) => !ledgerless.has(name));
  const ledger = `  INSERT INTO ${schema}.delivery_ledger (epoch, ${ledgerColumns.join(', ')})
  SELECT @epoch, ${ledgerColumns.map((name) => `m.${name}`).join(', ')} FROM ${stagedMessages.name} AS m
   WHERE m.stored_datagrams + m.settled_datagrams > 0 ORDER BY m.row_no;`;
  const body = [
    // An error of one statement must not end the transaction where it is looked at.
    ...(careful ? ['  SET XACT_ABORT OFF;'] : []),
    ...(replay ? [turn] : []),
    marks,
    ...recordTableNames.map((table) =>
      careful ? oneByOne(schema, table) : insertAll(`${schema}.${table}`, stagedRecords[table]),
    ),
    ...trafficTableNames.map((table) => insertAll(`${schema}.${table}`, stagedTraffic[table])),
    ledger,
  ].join('\n');
  return guardedBatch(schema, { ...(careful ? { declared: 'DECLARE @row int, @why nvarchar(max);' } : {}), body });
}

const ledgerless = new Set(['row_no', 'message_id']);

function insertAll(table: string, staged: BulkTable): string {
  return `${insert(table, staged)} ORDER BY r.row_no;`;
}

function insert(table: string, { name, columns }: BulkTable): string {
  const names = columns.map((column) => column.name).filter((column) => column !== 'row_no');
  return `  INSERT INTO ${table} (epoch, ${names.map((column) => `[${column}]`).join(', ')})
  SELECT @epoch, ${names.map((column) => `r.[${column}]`).join(', ')} FROM ${name} AS r`;
}

/** What the store refuses (a constraint or a trigger of its owner) is kept bare: when it came, and in words what it was. */
function oneByOne(schema: string, table: (typeof recordTableNames)[number]): string {
  const staged = stagedRecords[table];
  const bare = (recordTables[table] as readonly Column<never>[]).filter(({ otherwise }) => otherwise !== undefined);
  const values = bare.map(({ name, otherwise }) => (otherwise instanceof Date ? `r.[${name}]` : `N'${otherwise}'`));
  return `  SET @row = (SELECT MIN(r.row_no) FROM ${staged.name} AS r);
  WHILE @row IS NOT NULL
  BEGIN
    BEGIN TRY
    ${insert(`${schema}.${table}`, staged)} WHERE r.row_no = @row;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> 1 OR ERROR_NUMBER() NOT IN (${[...refusals].join(', ')}) BEGIN; THROW; END;
      SET @why = ERROR_MESSAGE();
      INSERT INTO ${schema}.${table} (epoch, ${bare.map(({ name }) => `[${name}]`).join(', ')}, altered)
      SELECT @epoch, ${values.join(', ')}, N'the store refused the row: ' + @why + N'; '
        + LEFT((SELECT v.* FROM ${staged.name} AS v WHERE v.row_no = @row FOR JSON PATH, WITHOUT_ARRAY_WRAPPER), 4000)
       FROM ${staged.name} AS r WHERE r.row_no = @row;
    END CATCH;
    SET @row = (SELECT MIN(r.row_no) FROM ${staged.name} AS r WHERE r.row_no > @row);
  END;`;
}

/** Takes, renews or ends the turn; a row that another one holds and renews stays as it is. */
export function replayTurnStatement(schema: string): string {
  const body = `  UPDATE ${schema}.delivery_replay SET [owner] = @owner, done = @done, renewed_at = SYSUTCDATETIME()
   WHERE node_id = @node AND tenure_epoch = @tenure AND done = 0
     AND ([owner] = @owner OR renewed_at < DATEADD(second, -${turnLapsesS}, SYSUTCDATETIME()));
  SET @taken = @@ROWCOUNT;
  IF @taken = 0 AND NOT EXISTS (SELECT 1 FROM ${schema}.delivery_replay AS r
                                 WHERE r.node_id = @node AND r.tenure_epoch = @tenure)
  BEGIN
    INSERT INTO ${schema}.delivery_replay (node_id, tenure_epoch, [owner], done) VALUES (@node, @tenure, @owner, @done);
    SET @taken = 1;
  END;
  SET @is_done = (SELECT CONVERT(int, r.done) FROM ${schema}.delivery_replay AS r
    WHERE r.node_id = @node AND r.tenure_epoch = @tenure);`;
  const declared = 'DECLARE @taken int, @is_done int;';
  const answer = `SELECT CASE WHEN @is_done = 1 THEN N'done' WHEN @taken = 1 THEN N'mine' ELSE N'another' END AS [turn];`;
  return guardedBatch(schema, { declared, body, answer });
}

/** Whoever has not renewed its turn for this long, by the store's clock, loses it to whoever asks. */
const turnLapsesS = 4;

/** One a node. */
export function progressStatement(schema: string): string {
  const body = `  UPDATE ${schema}.delivery_progress SET epoch = @epoch, settled_before = @settled_before,
    clock_ahead_ms = @clock_ahead_ms, noted_at = SYSUTCDATETIME(),
    own_from = @own_from,
    other_before = CASE WHEN other_before > @other_before THEN other_before ELSE COALESCE(@other_before, other_before) END
   WHERE node_id = @node;
  IF @@ROWCOUNT = 0
    INSERT INTO ${schema}.delivery_progress (node_id, epoch, settled_before, clock_ahead_ms, own_from, other_before)
    VALUES (@node, @epoch, @settled_before, @clock_ahead_ms, @own_from, @other_before);`;
  return guardedBatch(schema, { body });
}
