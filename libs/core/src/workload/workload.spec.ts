import { describe, expect, it } from 'vitest';
import { afterLook, unknownCheck, verdictOf, type CheckState } from './index.ts';

const patience = { failures: 2, successes: 3 };

/** One letter a look: `+` good, `-` bad. */
function after(looks: string, from: CheckState = unknownCheck(0)): CheckState {
  return Array.from(looks).reduce(
    (state, look, index) =>
      afterLook(state, { well: look === '+', what: look === '+' ? 'answers' : 'is away' }, patience, index + 1),
    from,
  );
}

describe('a check of the managed application', () => {
  it.each<[string, boolean | null]>([
    ['', null],
    ['+', true],
    ['-', null],
    ['--', false],
    ['-+', true],
    ['+-', true],
    ['+--', false],
    ['+-+-', true],
    ['+--++', false],
    ['+--+++', true],
    ['+--++-++', false],
  ])('%s', (looks, well) => {
    expect(after(looks).well).toBe(well);
  });

  it('knows since when, and what the last look said', () => {
    expect(after('++--')).toEqual({ well: false, otherwise: 0, what: 'is away', sinceMs: 4 });
    expect(after('++--+')).toEqual({ well: false, otherwise: 1, what: 'answers', sinceMs: 4 });
  });
});

describe('the verdict over all checks', () => {
  it('is none until everything is known, unless something has failed', () => {
    expect(verdictOf({ web: after('+'), port: after('') })).toBeNull();
    expect(verdictOf({ web: after('--'), port: after('') })).toEqual({ health: 'failed', summary: 'web: is away' });
  });

  it('is well when every one is, and names those that are not', () => {
    expect(verdictOf({ web: after('+'), port: after('+') })).toEqual({ health: 'ok', summary: 'web, port well' });
    expect(verdictOf({ web: after('--'), port: after('+'), pid: after('--') })).toEqual({
      health: 'failed',
      summary: 'web: is away; pid: is away',
    });
  });
});
