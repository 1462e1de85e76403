import { expect, it } from 'vitest';
import { ledgerText } from './ledger-text.ts';
import { groupOf, Tally } from './tally.ts';

const plain = (_: unknown, text: string) => text;

it('adds up by source and minute, with the rows of whole minutes for what is one row each', () => {
  const tally = new Tally();
  tally.add(groupOf('192.0.2.1', 'syslog'), 11, { received: 3, stored: 2, lost: 1 });
  tally.add(groupOf('192.0.2.1', 'syslog'), 10, { received: 1, stored: 1 });
  tally.add(groupOf('192.0.2.1', 'syslog'), 11, { doubled: 1 });
  tally.add(groupOf('192.0.2.9', 'flow'), 11, { received: 1, stored: 1 });
  expect(tally.totals()).toEqual({ received: 5, stored: 4, lost: 1, doubled: 1 });
  const lines = tally.lines(
    [
      { kind: 'syslog', source: '192.0.2.1', minute: 11, rows: 3 },
      { kind: 'flow', source: '192.0.2.9', minute: 11, rows: 30 },
    ],
    (minute) => minute > 10,
  );
  expect(lines.map(({ kind, minute, rows }) => [kind, minute, rows])).toEqual([
    ['syslog', '1970-01-01T00:10:00.000Z', null],
    ['flow', '1970-01-01T00:11:00.000Z', null],
    ['syslog', '1970-01-01T00:11:00.000Z', 3],
  ]);
  const own = { seen: 'own', lastSeen: null, keptSince: null, clockAheadMs: 0, fault: null } as const;
  const nodes = [{ name: 'a', received: 5, ...own }];
  const found = { feed: 'dual', from: 'x', until: 'y', verdict: 'broken', totals: { ...tally.totals(), unknown: 0 }, nodes, lines, notes: [] } as const; // prettier-ignore
  const text = ledgerText({ ...found, nodes, lines, notes: ['so it is'] }, plain);
  expect(text).toContain('1970-01-01 00:11  syslog  192.0.2.1         3       2     1        1     3');
  expect(text.slice(-2)).toEqual(['note so it is', 'broken: received 5, stored 4, lost 1, doubled 1']);
});
