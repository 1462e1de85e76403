import { expect, it } from 'vitest';
import {
  hostnamePlan,
  isAsWished,
  leavingPlan,
  markerText,
  parseMarker,
  type HostnameView,
  type HostnameWish,
} from './index.ts';

const wish: HostnameWish = {
  cluster: 'c',
  node: 'a',
  epoch: 7,
  addresses: ['192.0.2.11', '2001:db8::11'],
  ttlSeconds: 30,
};
const mark = (epoch: number, node = 'b', cluster = 'c') => markerText({ epoch, node, cluster });
const nothing: HostnameView = { markers: [], addresses: [] };

/** A server in memory: the transaction with its prerequisite. */
function apply(view: HostnameView, step: ReturnType<typeof hostnamePlan>['steps'][number] | undefined): HostnameView {
  if (step?.do !== 'update') return view;
  if (JSON.stringify(step.onlyIfMarkers) !== JSON.stringify(view.markers)) return view;
  const addresses = step.addresses.map((address) => ({ address, ttlSeconds: step.ttlSeconds }));
  return { markers: [step.marker], addresses };
}

it('moves the name from whatever is there to this node, and then only reads', () => {
  const views: HostnameView[] = [
    nothing,
    { markers: [], addresses: [{ address: '198.51.100.1', ttlSeconds: 60 }] },
    { markers: [mark(6)], addresses: [{ address: '192.0.2.12', ttlSeconds: 30 }] },
    { markers: [mark(5), mark(6)], addresses: [] },
    { markers: [mark(7, 'a')], addresses: [{ address: '192.0.2.11', ttlSeconds: 30 }] },
    { markers: [mark(7, 'a')], addresses: wish.addresses.map((address) => ({ address, ttlSeconds: 60 })) },
  ];
  for (const view of views) {
    const { steps, refused } = hostnamePlan(wish, view);
    expect(refused).toBeNull();
    expect(steps.map((step) => step.do)).toEqual(['update', 'read-back']);
    // Interrupted after each step: before the first one nothing has changed, and the next plan is the same.
    const done = apply(view, steps[0]);
    expect(isAsWished(wish, done)).toBe(true);
    expect(hostnamePlan(wish, done)).toEqual({ steps: [{ do: 'read-back' }], refused: null });
    // Somebody was quicker: the same change does nothing, and the next plan is refused.
    const newer = { ...view, markers: [mark(8)] };
    expect(apply(newer, steps[0])).toEqual(newer);
    expect(hostnamePlan(wish, newer).refused?.code).toBe('HS_DNS_STALE');
  }
});

it('leaves the name to a newer epoch, to another node of the same one, and to strangers', () => {
  const code = (...markers: string[]) => hostnamePlan(wish, { markers, addresses: [] }).refused?.code;
  expect(code(mark(8))).toBe('HS_DNS_STALE');
  expect(code(mark(8, 'a'))).toBe('HS_DNS_STALE');
  expect(code(mark(7, 'b'))).toBe('HS_DNS_STALE');
  expect(code(mark(6), mark(8))).toBe('HS_DNS_STALE');
  expect(code(mark(1, 'a', 'other'))).toBe('HS_DNS_FOREIGN');
  for (const text of ['', 'epoch=8', 'v=spf1 -all', 'epoch=1 node=a"\nsend cluster=c', 'epoch=-1 node=a cluster=c'])
    expect(code(text), text).toBe('HS_DNS_FOREIGN');
  expect(code(mark(6), mark(7, 'a'))).toBeUndefined();
});

it('compares addresses by value', () => {
  const view = (address: string) => ({
    markers: [mark(7, 'a')],
    addresses: [
      { address: '192.0.2.11', ttlSeconds: 30 },
      { address, ttlSeconds: 30 },
    ],
  });
  expect(isAsWished(wish, view('2001:DB8:0:0::11'))).toBe(true);
  expect(isAsWished(wish, view('2001:db8::12'))).toBe(false);
});

it('reads the marker that it writes', () => {
  expect(parseMarker(mark(12, 'north-1', 'campus_2'))).toEqual({ epoch: 12, node: 'north-1', cluster: 'campus_2' });
});

it('takes the addresses from a name that is not configured any more, under its own epoch, and keeps the marker', () => {
  const view = { markers: [mark(7, 'a')], addresses: [{ address: '192.0.2.11', ttlSeconds: 30 }] };
  const plan = leavingPlan(wish, view);
  expect(plan).toEqual({
    steps: [
      { do: 'update', onlyIfMarkers: [mark(7, 'a')], marker: mark(7, 'a'), addresses: [], ttlSeconds: 0 },
      { do: 'read-back' },
    ],
    done: false,
  });
  // Interrupted after the change: nothing is left to do.
  expect(leavingPlan(wish, { markers: [mark(7, 'a')], addresses: [] })).toEqual({ steps: [], done: true });
  expect(leavingPlan(wish, { ...view, markers: [mark(6, 'b')] }).steps).toHaveLength(2);
  expect(leavingPlan(null, view)).toEqual({ steps: [], done: false });
  for (const markers of [
    [],
    [mark(8)],
    [mark(7, 'b')],
    [mark(6, 'a', 'other')],
    ['something else'],
    [mark(6), mark(5)],
  ])
    expect(leavingPlan(wish, { ...view, markers }), String(markers)).toEqual({ steps: [], done: true });
});
