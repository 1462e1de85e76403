import { expect, it } from 'vitest';
import { prettyLine } from './pretty-line.ts';

const entry = { level: 40, time: '2026-01-31T13:05:59.123Z', service: 'arbiter', node: 'a', cluster: 'c', msg: 'late' };

it('writes time, level, who, the sentence and its fields on one line', () => {
  const line = JSON.stringify({ ...entry, code: 'HS_BUSY', error: 'two\nlines', count: 3, list: [1] });
  expect(prettyLine(line, false)).toBe(
    '13:05:59.123 warn  a/arbiter: late code=HS_BUSY error="two\\nlines" count=3 list=[1]\n',
  );
});

it('colours the level on a terminal only, and passes on what is no JSON', () => {
  expect(prettyLine(JSON.stringify(entry), true)).toContain('\u001b[33mwarn \u001b[0m');
  expect(prettyLine(JSON.stringify(entry), false)).not.toContain('\u001b');
  expect(prettyLine('plain words\n', false)).toBe('plain words\n');
});
