import { expect, it } from 'vitest';
import { bindingPlan, type BindingView, type BindingWish } from './index.ts';
import { inNetwork, parseCidr, parseIp } from './ip-address.ts';

const wish: BindingWish = { hold: true, addresses: ['192.0.2.100/24'], interface: 'auto' };
const eth0 = { interface: 'eth0', cidr: '192.0.2.11/24', owned: false };
const up = (...names: string[]) => names.map((name) => ({ name, up: true, carrier: true }));
const ours = { interface: 'eth0', cidr: '192.0.2.100/32', owned: true };

it('adds the address as a host address on the interface of its subnet, then announces it', () => {
  const view = {
    addresses: [eth0, { interface: 'eth1', cidr: '198.51.100.1/24', owned: false }],
    interfaces: up('eth0', 'eth1'),
  };
  expect(bindingPlan(wish, view, 6).steps).toEqual([
    { do: 'add', interface: 'eth0', cidr: '192.0.2.100/32', validSeconds: 6 },
    { do: 'announce', interface: 'eth0', address: '192.0.2.100' },
  ]);
});

it('renews what is there already, without announcing', () => {
  expect(bindingPlan(wish, { addresses: [eth0, ours], interfaces: up('eth0') }, 6).steps).toEqual([
    { do: 'renew', interface: 'eth0', cidr: '192.0.2.100/32', validSeconds: 6 },
  ]);
});

it('releases first: from the interface that no longer owns the subnet, and what is configured no more', () => {
  const view = {
    addresses: [{ ...eth0, interface: 'eth2' }, ours, { interface: 'eth2', cidr: '192.0.2.99/32', owned: true }],
    interfaces: up('eth0', 'eth2'),
  };
  expect(bindingPlan(wish, view, 6).steps.map((step) => `${step.do} ${step.interface}`)).toEqual([
    'remove eth0',
    'remove eth2',
    'add eth2',
    'announce eth2',
  ]);
});

it('only removes, and only its own, when the node is not to hold the address', () => {
  const plan = bindingPlan({ ...wish, hold: false }, { addresses: [eth0, ours], interfaces: up('eth0') }, 6);
  expect(plan.steps).toEqual([{ do: 'remove', interface: 'eth0', cidr: '192.0.2.100/32' }]);
});

it('never touches the address when somebody else put it on this host, in either role', () => {
  const view = { addresses: [eth0, { ...ours, owned: false }], interfaces: up('eth0') };
  for (const hold of [true, false]) {
    const plan = bindingPlan({ ...wish, hold }, view, 6);
    expect(plan.steps).toEqual([]);
    expect(plan.refused[0]?.code).toBe('HS_BINDING_FOREIGN');
  }
});

it.each<[string, Partial<BindingWish>, BindingView, string]>([
  [
    'outside every subnet',
    { addresses: ['203.0.113.5/24'] },
    { addresses: [eth0], interfaces: up('eth0') },
    'no interface of this host has an address in the subnet of 203.0.113.5/24',
  ],
  [
    'interface missing',
    { interface: 'eth9' },
    { addresses: [eth0], interfaces: up('eth0') },
    'there is no interface eth9',
  ],
  [
    'named interface in another subnet',
    { interface: 'eth1' },
    { addresses: [eth0], interfaces: up('eth0', 'eth1') },
    'eth1 has no address in the subnet of 192.0.2.100/24',
  ],
  [
    'interface down',
    {},
    { addresses: [eth0], interfaces: [{ name: 'eth0', up: false, carrier: false }] },
    'eth0, the interface in the subnet of 192.0.2.100/24, is down',
  ],
  [
    'only a host route',
    {},
    { addresses: [{ ...eth0, cidr: '192.0.2.11/32' }], interfaces: up('eth0') },
    'no interface of this host has an address in the subnet of 192.0.2.100/24',
  ],
])('refuses with the reason: %s', (_name, change, view, message) => {
  const plan = bindingPlan({ ...wish, ...change }, view, 6);
  expect(plan.refused).toEqual([
    { cidr: change.addresses?.[0] ?? '192.0.2.100/24', code: 'HS_BINDING_INTERFACE', message },
  ]);
  expect(plan.steps).toEqual([]);
});

it('holds what it can when one of several addresses is refused', () => {
  const plan = bindingPlan(
    { ...wish, addresses: ['203.0.113.5/24', '192.0.2.100/24'] },
    { addresses: [eth0], interfaces: up('eth0') },
    6,
  );
  expect(plan.refused).toHaveLength(1);
  expect(plan.steps.map((step) => step.do)).toEqual(['add', 'announce']);
});

it('takes two spellings of an IPv6 address for one', () => {
  const view = {
    addresses: [
      { interface: 'eth0', cidr: '2001:db8::11/64', owned: false },
      { interface: 'eth0', cidr: '2001:db8::100/128', owned: true },
    ],
    interfaces: up('eth0'),
  };
  const plan = bindingPlan({ ...wish, addresses: ['2001:DB8:0:0::0100/64'] }, view, 6);
  expect(plan.steps.map((step) => step.do)).toEqual(['renew']);
});

// Interrupted anywhere, the next plan from what is there then ends in the same state.
it('reaches the wish from every interruption', () => {
  const start: BindingView = {
    addresses: [{ ...eth0, interface: 'eth2' }, ours, { interface: 'eth2', cidr: '192.0.2.99/32', owned: true }],
    interfaces: up('eth0', 'eth2'),
  };
  const whole = apply(start, bindingPlan(wish, start, 6).steps);
  const { steps } = bindingPlan(wish, start, 6);
  for (let done = 0; done <= steps.length; done++) {
    const broken = apply(start, steps.slice(0, done));
    expect(held(broken)).not.toHaveLength(2);
    expect(apply(broken, bindingPlan(wish, broken, 6).steps)).toEqual(whole);
    expect(held(apply(broken, bindingPlan({ ...wish, hold: false }, broken, 6).steps))).toEqual([]);
  }
});

const held = (view: BindingView) => view.addresses.filter((one) => one.owned && one.cidr === '192.0.2.100/32');

function apply(view: BindingView, steps: ReturnType<typeof bindingPlan>['steps']): BindingView {
  let addresses = [...view.addresses];
  for (const step of steps) {
    if (step.do === 'remove')
      addresses = addresses.filter((one) => one.cidr !== step.cidr || one.interface !== step.interface);
    if (step.do === 'add') addresses.push({ interface: step.interface, cidr: step.cidr, owned: true });
  }
  return { ...view, addresses };
}

it('reads addresses as the RFC writes them and nothing else', () => {
  expect(parseIp('::ffff:192.0.2.1')?.value).toBe(0xffffc0000201n);
  expect(parseIp('1:2:3:4:5:6:7::')?.value).toBe(parseIp('1:2:3:4:5:6:7:0')?.value);
  for (const bad of [
    '',
    '1.2.3',
    '256.1.1.1',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '1:2:3:4:5:6:7:8::',
    'x',
  ])
    expect(parseIp(bad), bad).toBeNull();
  for (const bad of ['192.0.2.1', '192.0.2.1/33', '192.0.2.1/-1', '192.0.2.1/24/1', '::1/129'])
    expect(parseCidr(bad), bad).toBeNull();
  const network = parseCidr('192.0.2.130/25');
  const inside = parseIp('192.0.2.200');
  const outside = parseIp('192.0.2.1');
  expect(network && inside && inNetwork(network, inside)).toBe(true);
  expect(network && outside && inNetwork(network, outside)).toBe(false);
});
