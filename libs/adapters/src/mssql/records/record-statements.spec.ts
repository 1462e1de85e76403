import { expect, it } from 'vitest';
import { minuteCountStatement } from '../mssql-ledger-reader.ts';
import { countStatement, lastStatement } from '../mssql-record-reader.ts';
import { recordTables } from '../schema/record-tables.ts';
import { findStatement } from './delivered-frames.ts';
import { ledgerStatement } from './delivery-ledger.ts';
import { readProgressStatement } from './delivery-progress.ts';
import { progressStatement, replayTurnStatement, storeStatement } from './record-statements.ts';
import { emptyStaging } from './staging-tables.ts';
import { trims, trimStatement } from './trim.ts';

// There is no SQL Server here: what can be said of the texts without one. For people to read, they are in *.sql.
const s = '[hotstandby]';
const guarded = {
  'store, as every batch is': storeStatement(s, { replay: false, careful: false }),
  'store, while a take-over is settled': storeStatement(s, { replay: true, careful: false }),
  'store row by row, after a refusal': storeStatement(s, { replay: false, careful: true }),
  'store row by row, while a take-over is settled': storeStatement(s, { replay: true, careful: true }),
  'turn of a collector': replayTurnStatement(s),
  'note progress': progressStatement(s),
};
const day = 86_400_000;
const tables = {
  'the tables of the store': recordTables(s).join(';\n'),
  'the tables of a session (a batch)': emptyStaging,
};
const others = {
  'which messages are stored': findStatement(s, 10),
  ledger: ledgerStatement(s),
  progress: readProgressStatement(s),
  ...Object.fromEntries(
    trims({ syslogMs: day, trapMs: day, flowMs: day, minuteMs: day }).map(({ table, column, rowsAPiece }) => [
      `trim ${table}`,
      trimStatement(s, table, column, rowsAPiece),
    ]),
  ),
  'last records': lastStatement(s, 'syslog_message'),
  'count records': countStatement(s, 'flow_record'),
  'count by minute': minuteCountStatement(s, 'flow'),
};
const all = { ...tables, ...guarded, ...others };

it.each([
  ['record-tables.sql', tables],
  ['record-statements.sql', { ...guarded, ...others }],
])('are as %s shows them', async (file, statements) => {
  // Each is there once, and what is the same for every kind of record is there for one.
  const shown = Object.entries(statements).filter(([name]) => !/row by row, while|^trim (?!syslog)/.test(name));
  await expect(shown.map(([name, text]) => `-- ${name}\n${text.trimEnd()}\n`).join('\n')).toMatchFileSnapshot(file);
});

it.each(Object.entries(all))('%s is text of ours and parameters only, without what to avoid', (_, text) => {
  expect(text).not.toMatch(/\$\{|undefined|\bMERGE\b|CREATE OR ALTER|sp_prepare|HOLDLOCK|UPDLOCK|NOLOCK|TABLOCK/);
  expect(count(text, '(')).toBe(count(text, ')'));
  expect(count(text, "'") % 2).toBe(0);
  expect(count(text, '[')).toBe(count(text, ']'));
});

it.each(Object.entries(guarded))('%s is one transaction, with the guard right before the commit', (_, text) => {
  const order = [
    'SET XACT_ABORT ON;',
    'BEGIN TRY',
    'BEGIN TRANSACTION;',
    '[hotstandby].deliver',
    '[hotstandby].reign AS g WITH (REPEATABLEREAD)',
    'THROW 51003',
    'COMMIT TRANSACTION;',
    'BEGIN CATCH\n  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;',
  ].map((part) => text.indexOf(part));
  expect(order).toEqual(order.toSorted((one, other) => one - other));
  expect(order[0]).toBeGreaterThan(-1);
  // Between the lock on the reign and the commit nothing else is read or written.
  expect(text.slice(order[4], order[6])).not.toMatch(/INSERT|UPDATE|DELETE/);
  // Of the lease nothing but the reign is touched, and that is only read.
  expect(count(text, '.reign')).toBe(1);
  expect(text).not.toMatch(/befailover|lease_session/);
  expect(count(text, 'COMMIT')).toBe(1);
  // A THROW after a statement that does not end is something else.
  for (const match of text.matchAll(/\bTHROW\b/g)) expect(text.slice(0, match.index).trimEnd()).toMatch(/;$/);
  expect(count(text, /\bBEGIN\b(?! TRY| CATCH| TRANSACTION)/g) + count(text, /\bCASE\b/g)).toBe(
    count(text, /\bEND\b(?! TRY| CATCH)/g),
  );
  // A local temporary table made inside a call would be gone after it.
  expect(text).not.toContain('CREATE TABLE');
});

it('marks the messages before anything else is written', () => {
  for (const [name, text] of Object.entries(guarded).filter(([one]) => one.startsWith('store')))
    expect(text.indexOf('INSERT INTO'), name).toBe(text.indexOf('INSERT INTO [hotstandby].delivered_frame'));
});

it('fills every column of a table from the staged one, and names no other', () => {
  const inserts = [...all['store, as every batch is'].matchAll(/INSERT INTO \[hotstandby\]\.(\w+) \(([^)]+)\)/g)];
  expect(inserts).toHaveLength(8);
  for (const [, table = '', columns = ''] of inserts) {
    const start = tables['the tables of the store'].indexOf(`CREATE TABLE [hotstandby].${table} (`);
    const made = tables['the tables of the store'].slice(start).split('\n     )')[0] ?? '';
    const named = [...made.matchAll(/^ +\[?(\w+)\]? [a-z]+[^\n]* NULL/gm)].map(([, name]) => name);
    const filled = ['id', ...columns.split(', ').map((name) => name.replaceAll(/[[\]]/g, '')), 'stored_at'];
    expect(new Set(filled.filter((name) => named.includes(name))), table).toEqual(new Set(named));
    expect(new Set(filled), table).toEqual(new Set([...named, 'id', 'stored_at']));
  }
});

function count(text: string, part: string | RegExp): number {
  return typeof part === 'string' ? text.split(part).length - 1 : [...text.matchAll(part)].length;
}
