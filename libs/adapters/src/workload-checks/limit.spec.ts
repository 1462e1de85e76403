import { expect, it } from 'vitest';
import { withinLimit } from './limit.ts';

const good = { well: true, what: 'fine' };

it('gives up what was begun once, whatever is said or asked afterwards', async () => {
  let givenUp = 0;
  let say: (looked: typeof good) => void = () => {};
  const look = withinLimit(60_000, (settle) => {
    say = settle;
    return () => givenUp++;
  });
  say(good);
  say({ well: false, what: 'too late' });
  look.giveUp();
  expect(await look.done).toEqual(good);
  expect(givenUp).toBe(1);
});

it('takes what cannot be begun for a bad look', async () => {
  const look = withinLimit(60_000, () => {
    throw new TypeError('a NUL in an argument');
  });
  expect(await look.done).toEqual({ well: false, what: 'a NUL in an argument' });
});
