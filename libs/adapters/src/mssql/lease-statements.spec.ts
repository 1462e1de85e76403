import { expect, it } from 'vitest';
import { leaseStatements } from './lease-statements.ts';
import { appendStatement, listStatement } from './mssql-history.ts';
import { migrationStatement } from './prepare-schema.ts';

// There is no SQL Server here: what can be said of the texts without one.
const odd = "odd]name'x";
const statements = leaseStatements('hotstandby');
const all = [
  ...Object.entries(statements),
  ['append', appendStatement('hotstandby')],
  ['list', listStatement('hotstandby')],
];
const changing = Object.entries(statements).filter(([, text]) => text.includes('BEGIN TRANSACTION'));

it.each(all)('%s is text of ours and parameters only, without what to avoid', (_, text) => {
  expect(text).not.toMatch(/\$\{|undefined|\bMERGE\b|CREATE OR ALTER|sp_prepare|HOLDLOCK|UPDLOCK/);
  // Every name in OUTPUT says of which table it is.
  for (const [, list = ''] of text.matchAll(/OUTPUT ([\s\S]*?) INTO /g)) {
    for (const column of list.split(',')) expect(column.trim()).toMatch(/^inserted\.\w+$/);
  }
  expect(count(text, '(')).toBe(count(text, ')'));
  expect(count(text, "'") % 2).toBe(0);
});

it.each(changing)('%s is one transaction that an error rolls back, and begins with its connection', (_, text) => {
  const order = [
    'SET XACT_ABORT ON;',
    'BEGIN TRY',
    'BEGIN TRANSACTION;',
    'UPDATE [hotstandby].lease_session',
    'THROW 51001',
    'COMMIT TRANSACTION;',
    'END TRY',
    'BEGIN CATCH',
    'IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;',
    'THROW;',
    'END CATCH;',
  ].map((part) => text.indexOf(part));
  expect(order).toEqual(order.toSorted((one, other) => one - other));
  expect(order[0]).toBeGreaterThan(-1);
  expect(count(text, 'COMMIT')).toBe(1);
  // A THROW after a statement that does not end is something else.
  for (const match of text.matchAll(/\bTHROW\b/g)) expect(text.slice(0, match.index).trimEnd()).toMatch(/;$/);
  // Blocks are closed.
  expect(count(text, /\bBEGIN\b(?! TRY| CATCH| TRANSACTION)/g) + count(text, /\bCASE\b/g)).toBe(
    count(text, /\bEND\b(?! TRY| CATCH)/g),
  );
});

it.each(['claim', 'register', 'release', 'readopt'] as const)(
  '%s locks rows of nodes before it locks reign',
  (name) => {
    const text = statements[name];
    const nodes = text.indexOf('UPDATE [hotstandby].befailover SET lastcount = lastcount WHERE node_id = @next');
    expect(nodes).toBeGreaterThan(-1);
    expect(text.indexOf('UPDATE [hotstandby].reign')).toBeGreaterThan(nodes);
  },
);

it('compares everything that was seen, null included', () => {
  for (const column of [
    'holder',
    'holder_incarnation',
    'last_holder',
    'standby',
    'standby_incarnation',
    'handover_to',
    'timeline',
  ]) {
    for (const text of [statements.claim, statements.readopt]) {
      expect(text).toContain(`(${column} = @seen_${column} OR (${column} IS NULL AND @seen_${column} IS NULL))`);
    }
  }
  for (const column of ['epoch', 'membership', 'tenure_epoch']) {
    expect(statements.claim).toContain(`${column} = @seen_${column}`);
    expect(statements.readopt).toContain(`${column} = @seen_${column}`);
  }
});

it('reads the rows before the reign and the pause after it', () => {
  const at = ['FROM [hotstandby].befailover', 'FROM [hotstandby].reign', 'FROM [hotstandby].pause'].map((part) =>
    statements.view.indexOf(part),
  );
  expect(at).toEqual(at.toSorted((one, other) => one - other));
});

it('quotes a schema that is no plain name, also inside a text that is a statement', () => {
  expect(leaseStatements(odd).endSession).toContain("[odd]]name'x].lease_session");
  const text = migrationStatement(odd);
  expect(text).toContain("N'CREATE SCHEMA [odd]]name''x]'");
  expect(text).toContain("N'INSERT INTO [odd]]name''x].[identity]");
  expect(count(text, "'") % 2).toBe(0);
});

it('makes the schema in one transaction behind a lock', () => {
  const text = migrationStatement('hotstandby');
  expect(text.indexOf('sp_getapplock')).toBeGreaterThan(text.indexOf('BEGIN TRANSACTION;'));
  expect(count(text, 'COMMIT')).toBe(1);
  // Every statement that makes something is a text of its own: the batch compiles on an empty database.
  expect(text.replaceAll(/N'(?:[^']|'')*'/g, '')).not.toMatch(/CREATE|INSERT/);
});

function count(text: string, part: string | RegExp): number {
  return typeof part === 'string' ? text.split(part).length - 1 : [...text.matchAll(part)].length;
}
