import { expect, it } from 'vitest';
import { faultsOf, makeReport } from '../report.ts';
import { movesOf, nameReport, type NameMove } from './name-report.ts';

const name = { name: 'nms.demo.test', zone: 'demo.test', ttlSeconds: 1, address: '127.0.0.1', port: 15_353 };
const nodes = { a: '127.0.0.11', b: '127.0.0.12' };
const at = { faultAtMs: 1000, nodes };
const before = { address: nodes.a, atMs: 100 };

it('tells from where to where the name moved, and when a sender that keeps to the TTL followed', () => {
  const followed = movesOf('address 127.0.0.11 90\nsyslog 1 100\naddress 127.0.0.12 2100\ntrap 2 2100\n');
  expect(nameReport(name, [before, { address: nodes.b, atMs: 1300 }], followed, at)).toEqual({
    name: 'nms.demo.test',
    ttlSeconds: 1,
    before: nodes.a,
    after: nodes.b,
    movedMs: 300,
    followedMs: 1100,
    strange: [],
  });
});

it('calls it a fault when the name stayed, and when it led to two or to strangers', () => {
  const faults = (seen: NameMove[]) =>
    faultsOf(
      makeReport({ sent: [], stored: [], faultAtMs: 1000, gapEndsAtMs: null, name: nameReport(name, seen, [], at) }),
    );
  expect(faults([before])).toContain('nms.demo.test did not move: it leads to 127.0.0.11');
  const both = { address: '127.0.0.11 127.0.0.12', atMs: 1100 };
  expect(faults([before, both, { address: nodes.b, atMs: 1200 }])).toContain(
    'nms.demo.test led to 127.0.0.11 127.0.0.12',
  );
  expect(faults([before, { address: nodes.b, atMs: 1200 }]).filter((one) => one.includes('nms'))).toEqual([]);
});
