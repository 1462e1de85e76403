import { describe, expect, it } from 'vitest';
import { batches, includeRules, shellWord, sshValue } from './quoting.ts';

describe('includeRules', () => {
  it('takes the folders on the way and nothing else, with wildcards as plain letters', () => {
    expect(includeRules(['a/b/c', 'a/d', 'x*[y]\\z'])).toEqual(['/a/', '/a/b/', '/a/b/c', '/a/d', '/x\\*\\[y]\\\\z']);
  });
  it('leaves a backslash alone where there is no wildcard, as rsync does', () => {
    expect(includeRules(['a\\b'])).toEqual(['/a\\b']);
  });
});

describe('quoting', () => {
  it('makes one word of anything', () => {
    expect(shellWord(`it's $(a) "b"`)).toBe(`'it'\\''s $(a) "b"'`);
    expect(sshValue('/a b/100%')).toBe('"/a b/100%%"');
  });
  it('refuses what cannot be quoted', () => {
    for (const make of [() => shellWord('a\nb'), () => sshValue('a"b'), () => sshValue('a\nb')]) {
      expect(make).toThrow(expect.objectContaining({ code: 'HS_SYNC_PATH' }));
    }
  });
});

it('cuts a list by number and by bytes, and loses nothing', () => {
  const paths = Array.from({ length: 10 }, (_, index) => 'x'.repeat(index + 1));
  expect(batches(paths, 3, 1000).map((part) => part.length)).toEqual([3, 3, 3, 1]);
  expect(batches(paths, 100, 20).flat()).toEqual(paths);
  expect(batches(['y'.repeat(50)], 100, 20)).toHaveLength(1);
});
