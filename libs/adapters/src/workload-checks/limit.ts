import { told, type Looked } from './looked.ts';

type Settle = (looked: Looked) => void;

/**
 * One look with a time limit. `begin` starts it and returns what gives it up; the first word counts, and whatever was begun is
 * given up once, right after it. What `begin` throws is a bad look.
 */
export function withinLimit(
  timeoutMs: number,
  begin: (settle: Settle) => () => void,
): { done: Promise<Looked>; giveUp: () => void } {
  const { promise: done, resolve } = Promise.withResolvers<Looked>();
  let begun: (() => void) | null = null;
  let isOver = false;
  const end: Settle = (looked) => {
    // Once: a process id that was given up belongs to somebody else some day.
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    begun?.();
    resolve(looked);
  };
  const timer = setTimeout(() => end({ well: false, what: `no answer within ${timeoutMs} ms` }), timeoutMs);
  try {
    begun = begin(end);
  } catch (error) {
    end({ well: false, what: told(error) });
  }
  return { done, giveUp: () => end({ well: false, what: 'given up' }) };
}
