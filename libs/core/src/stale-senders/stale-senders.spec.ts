import { expect, it } from 'vitest';
import { StaleSenders } from './index.ts';

const hourMs = 3_600_000;
const from = (source: string, count = 1) => ({ source, via: 'syslog', count });

it('takes what is on its way for no stale sender, and the active for right', () => {
  const stale = new StaleSenders({ graceMs: 30_000 }, 0);
  expect(stale.note(from('192.0.2.1'), 29_999, 0)).toBeNull();
  expect(stale.list(9)).toEqual({ senders: [], more: 0 });
  expect(stale.note(from('192.0.2.1'), 30_000, 5)).toMatchObject({ source: '192.0.2.1', count: 1 });
  stale.roleIs(true, 40_000);
  expect(stale.list(9).senders).toEqual([]);
  expect(stale.note(from('192.0.2.1'), 90_000, 0)).toBeNull();
  stale.roleIs(false, 100_000);
  expect(stale.note(from('192.0.2.1'), 129_999, 0)).toBeNull();
  stale.note(from('192.0.2.1'), 130_000, 77);
  expect(stale.list(9).senders).toMatchObject([{ count: 1, firstSeenMs: 77, lastSeenMs: 77 }]);
});

it('counts each sender and tells of it once an hour, over roles, too', () => {
  const stale = new StaleSenders({ graceMs: 0 }, 0);
  expect(stale.note(from('192.0.2.1', 3), 0, 1000)).toMatchObject({ count: 3 });
  expect(stale.note({ ...from('192.0.2.1'), via: 'http' }, 0, 1000)).not.toBeNull();
  expect(stale.note(from('192.0.2.1', 2), 10, 1010)).toBeNull();
  stale.roleIs(true, 20);
  stale.roleIs(false, 30);
  expect(stale.note(from('192.0.2.1', 4), hourMs - 1, 2000)).toBeNull();
  expect(stale.note(from('192.0.2.1', 5), hourMs, 3000)).toEqual({
    ...{ source: '192.0.2.1', via: 'syslog', count: 9 },
    ...{ firstSeenMs: 2000, lastSeenMs: 3000 },
  });
});

it('keeps the last ones, and says how many more there were', () => {
  const stale = new StaleSenders({ graceMs: 0, most: 3 }, 0);
  for (const last of [1, 2, 3, 1, 4, 5]) stale.note(from(`192.0.2.${last}`), last, last);
  const { senders, more } = stale.list(2);
  expect(senders.map(({ source }) => source)).toEqual(['192.0.2.5', '192.0.2.4']);
  expect(more).toBe(3);
});
