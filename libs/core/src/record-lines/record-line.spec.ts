import { expect, it } from 'vitest';
import { recordLine } from './index.ts';

const origin = { id: 'm/0', kind: 'syslog', digest: 255n, epoch: 3 } as const;
const read = (record: object) => JSON.parse(recordLine(origin, record)) as Record<string, unknown>;

it('names everything as it is documented', () => {
  expect(
    read({ receivedAtMs: 1_700_000_000_123, message: 'a\nb', hostname: null, octets: 7n, timestampMs: 0 }),
  ).toEqual({
    id: 'm/0',
    kind: 'syslog',
    digest: '00000000000000ff',
    epoch: 3,
    receivedAt: '2023-11-14T22:13:20.123Z',
    message: 'a\nb',
    octets: 7,
    timestamp: '1970-01-01T00:00:00.000Z',
  });
  expect(recordLine({ ...origin, digest: null }, { message: 'a\nb' })).toBe(
    '{"id":"m/0","kind":"syslog","epoch":3,"message":"a\\nb"}',
  );
});

it('writes what JSON has no form for', () => {
  expect(read({ octets: 2n ** 63n, extra: { deep: [2n ** 60n] } })).toMatchObject({
    octets: '9223372036854775808',
    extra: { deep: ['1152921504606846976'] },
  });
  expect(read({ receivedAtMs: Number.NaN })['receivedAt']).toBeNull();
  for (const length of [0, 1, 2, 3, 4, 255]) {
    const raw = Uint8Array.from({ length }, (_, index) => (index * 7 + 200) & 255);
    expect(read({ raw })['raw']).toBe(btoa(String.fromCharCode(...raw)));
  }
});
