import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonCopy } from './json-copy.ts';

const overText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

it('copies what the text can carry, and nothing of it is shared', () => {
  fc.assert(
    fc.property(fc.object({ withDate: true, withNullPrototype: true, withTypedArray: true }), (value) => {
      expect(jsonCopy(value)).toEqual(overText(value));
    }),
  );
  const inner = { epoch: 1 };
  const copy = jsonCopy({ inner, list: [inner] }) as { inner: unknown; list: unknown[] };
  expect(copy.inner).not.toBe(inner);
  expect(copy.list[0]).not.toBe(inner);
});

it('loses what the text loses', () => {
  const value = {
    gone: undefined,
    minus: -0,
    call: () => 1,
    lapsed: Number.NEGATIVE_INFINITY,
    none: [undefined, Number.NaN],
  };
  expect(Object.entries(jsonCopy(value) as object)).toEqual(Object.entries(overText(value) as object));
  expect(() => jsonCopy(undefined)).toThrow(SyntaxError);
});
