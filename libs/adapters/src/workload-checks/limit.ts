import type { Looked } from './looked.ts';

type Settle = (looked: Looked) => void;

/**
 * One look with a time limit. `begin` starts it and returns what gives it up; the first word counts, and whatever was
 * begun is given up after it.
 */
export function withinLimit(
  timeoutMs: number,
  begin: (settle: Settle) => () => void,
): { done: Promise<Looked>; giveUp: () => void } {
  let settle: Settle = () => {};
  const done = new Promise<Looked>((resolve) => (settle = resolve));
  let giveUp = () => {};
  const timer = setTimeout(() => end({ well: false, what: `no answer within ${timeoutMs} ms` }), timeoutMs);
  const end: Settle = (looked) => {
    clearTimeout(timer);
    giveUp();
    settle(looked);
  };
  giveUp = begin(end);
  return { done, giveUp: () => end({ well: false, what: 'given up' }) };
}
