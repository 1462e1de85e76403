import { describe, expect, it } from 'vitest';
import { overlaps } from './ranges.ts';

describe('networks', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.77', true],
    ['203.0.113.0/24', '203.0.114.1', false],
    ['192.0.0.0/16', '192.0.2.0/24', true],
    ['192.0.2.128/25', '192.0.2.0/24', true],
    ['192.0.2.128/25', '192.0.2.0/25', false],
    ['0.0.0.0/0', '198.51.100.0/24', true],
    ['blackhole', '198.51.100.0/24', false],
  ])('%s and %s share an address: %s', (one, other, shared) => {
    expect(overlaps(one, other)).toBe(shared);
    expect(overlaps(other, one)).toBe(shared);
  });
});
