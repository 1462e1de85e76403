import { describe, expect, it } from 'vitest';
import { TakeoverTimer } from './takeover.ts';

describe('the time of a take-over', () => {
  it('runs from what was done to the node to the other one being active', () => {
    const timer = new TakeoverTimer();
    timer.done('killed', 'a', 1000);
    // An event of before, told late, and the killed node's own count for nothing.
    expect(timer.becameActive('b', 900)).toBeNull();
    expect(timer.becameActive('a', 1100)).toBeNull();
    expect(timer.becameActive('b', 1212.4)).toEqual({ what: 'a killed, b active', ms: 212 });
    expect(timer.becameActive('b', 1300)).toBeNull();
    expect(timer.last?.ms).toBe(212);
  });
});
