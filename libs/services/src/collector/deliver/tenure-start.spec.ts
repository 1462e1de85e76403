import type { Datagram } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { TenureStart } from './tenure-start.ts';

const frame = (...stampsMs: number[]): Datagram[] =>
  stampsMs.map((receivedAtMs) => ({
    kind: 'syslog',
    sourceAddress: '192.0.2.1',
    sourcePort: 1,
    localPort: 514,
    receivedAtMs,
    bytes: new Uint8Array(),
  }));
const stamps = (datagrams: Datagram[]) => datagrams.map((datagram) => datagram.receivedAtMs);

it('leaves out what was received before the tenure, in whichever of the first frames it comes', () => {
  const start = new TenureStart(1000);
  expect(stamps(start.own(frame(990, 999, 1000, 1001)))).toEqual([1000, 1001]);
  expect(stamps(start.own(frame(995)))).toEqual([]);
});

it('leaves nothing out any more once it is well behind the start: the wall clock was set back', () => {
  const start = new TenureStart(1000);
  start.own(frame(6000, 6001));
  expect(stamps(start.own(frame(10)))).toEqual([10]);
});

it('takes everything in the first tenure of all', () => {
  expect(stamps(new TenureStart(null).own(frame(1, 2)))).toEqual([1, 2]);
});
