import { expect, it } from 'vitest';
import { saidWhen, type ClockGap } from './said-when.ts';

/** Each pair: said at (their clock), heard at (ours), in s; back comes when it was said by ours. */
function heard(...words: [number, number][]): number[] {
  let gap: ClockGap | undefined;
  return words.map(([theirs, ours]) => {
    const when = saidWhen(gap, theirs * 1000, ours * 1000);
    gap = when.gap;
    return when.saidAtMs / 1000;
  });
}

it.each<[string, [number, number][], number[]]>([
  ['believes the first word', [[500, 3]], [3]],
  [
    'whatever their clock shows',
    [
      [9, 100],
      [10, 101],
      [11, 102],
    ],
    [100, 101, 102],
  ],
  [
    'takes what comes all at once for as old as it is',
    [
      [10, 10],
      [11, 16],
      [12, 16],
      [16, 16],
    ],
    [10, 11, 12, 16],
  ],
  [
    'learns from a quicker one',
    [
      [10, 14],
      [15, 15],
      [16, 20],
    ],
    [14, 15, 16],
  ],
  [
    'follows a clock that stood still, after a while',
    [
      [10, 10],
      [11, 41],
      [20, 50],
      [28, 58],
      [40, 70],
    ],
    [10, 11, 20, 58, 70],
  ],
  [
    'and one that began anew at once',
    [
      [1000, 10],
      [2, 71],
      [3, 72],
    ],
    [10, 71, 72],
  ],
  [
    'follows drift',
    [
      [0, 0],
      [10, 10.1],
      [20, 20.2],
      [30, 30.3],
      [40, 40.4],
      [50, 50.5],
    ],
    [0, 10, 20, 30, 40.2, 50.2],
  ],
])('%s', (_, words, expected) => {
  const told = heard(...words);
  expect(told).toHaveLength(expected.length);
  for (const [index, at] of told.entries()) expect(at).toBeCloseTo(expected[index] ?? Number.NaN, 6);
});
