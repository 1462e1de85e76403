import { expect, it } from 'vitest';
import { count, duration, moment } from './amount.ts';
import { painter, printable } from './paint.ts';
import { table } from './table.ts';

const plain = painter(false);

it('aligns columns by what is seen, numbers to the right, no spaces at line ends', () => {
  const rows = [
    ['a', { text: '7', right: true }, 'long text'],
    ['bräu', { text: '1 234', right: true }, ''],
  ];
  expect(table(plain, ['NODE', 'N', 'WHAT'], rows)).toEqual([
    'NODE      N  WHAT',
    'a         7  long text',
    'bräu  1 234',
  ]);
  const coloured = table(painter(true), ['X', 'Y'], [[{ text: 'a', colour: 'red' }, 'b']]);
  expect(coloured[1]).toBe('\u001b[31ma\u001b[0m  b');
});

it('lets nothing from the network move the cursor of a terminal', () => {
  expect(printable('a\u001b[2J\r\nb\u0007\u009b31m\u202e')).toBe('a␛[2J␍␊b␇\ufffd31m\ufffd');
  expect(table(plain, ['X'], [['\u001b]0;title\u0007']]).join()).not.toContain('\u001b');
});

it('writes amounts for people', () => {
  expect([0, 40.4, 1500, 61_000, 7_200_000, 864_000_000].map(duration)).toEqual([
    '0 ms',
    '40 ms',
    '1.5 s',
    '1 min',
    '2 h',
    '10 d',
  ]);
  expect([0, 999, 1000, 1_234_567].map(count)).toEqual(['0', '999', '1 000', '1 234 567']);
  expect(moment('2026-01-31T13:05:59.123Z')).toBe('2026-01-31 13:05:59.123');
  expect(moment('2026-01-31T13:05:59.123456+02:00')).toBe('2026-01-31 11:05:59.123');
  expect(moment('yesterday')).toBe('yesterday');
});
