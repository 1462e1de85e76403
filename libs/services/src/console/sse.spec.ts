import { expect, it } from 'vitest';
import type { CloudEvent } from '@hotstandby/ports';
import { sseComment, sseEvent, sseRetry } from './sse.ts';

const event = (id: string, data: unknown): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/hotstandby/c/a/arbiter',
  type: 'role.changed',
  time: '2026-01-01T00:00:00.000Z',
  data,
});

it('frames an event as id and one line of data, whatever its text holds', () => {
  const frame = sseEvent(event('e-1', { reason: 'line\nbreak\r\nid: 9\u2028' }));
  const lines = frame.split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe('id: e-1');
  expect(lines[1]?.startsWith('data: ')).toBe(true);
  expect(lines.slice(2)).toEqual(['', '']);
  expect(JSON.parse(lines[1]?.slice(6) ?? '')).toMatchObject({ data: { reason: 'line\nbreak\r\nid: 9\u2028' } });
});

it('leaves out an id that would break the frame or could not come back in a header', () => {
  for (const id of ['a\nb', 'a b', 'ä', '\0']) expect(sseEvent(event(id, {}))).toMatch(/^data: /);
});

it('keeps comments on one line', () => {
  expect(sseComment('one\ndata: two')).toBe(': one data: two\n\n');
  expect(sseRetry(1999.6)).toBe('retry: 2000\n\n');
});
