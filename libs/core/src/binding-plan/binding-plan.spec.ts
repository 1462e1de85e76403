import { expect, it } from 'vitest';
import { bindingPlan, type BindingView, type BindingWish, type GateState, type Hold } from './index.ts';
import { inNetwork, parseCidr, parseIp } from './ip-address.ts';

const wish: BindingWish = { hold: 'openly', addresses: ['192.0.2.100/24'], interface: 'auto' };
const eth0 = { interface: 'eth0', cidr: '192.0.2.11/24', owned: false };
const up = (...names: string[]) => names.map((name) => ({ name, up: true, carrier: true }));
const ours = { interface: 'eth0', cidr: '192.0.2.100/32', owned: true };

it('adds the address as a host address on the interface of its subnet, then announces it', () => {
  const view = {
    addresses: [eth0, { interface: 'eth1', cidr: '198.51.100.1/24', owned: false }],
    interfaces: up('eth0', 'eth1'),
    gate: 'none' as const,
  };
  expect(bindingPlan(wish, view, 6).steps).toEqual([
    { do: 'add', interface: 'eth0', cidr: '192.0.2.100/32', validSeconds: 6 },
    { do: 'announce', interface: 'eth0', address: '192.0.2.100' },
  ]);
});

it('renews what is there already, without announcing', () => {
  expect(
    bindingPlan(wish, { addresses: [eth0, ours], interfaces: up('eth0'), gate: 'none' as const }, 6).steps,
  ).toEqual([{ do: 'renew', interface: 'eth0', cidr: '192.0.2.100/32', validSeconds: 6 }]);
});

it('moves an address to the interface that owns the subnet now, and drops what is configured no more last', () => {
  const view = {
    addresses: [{ ...eth0, interface: 'eth2' }, ours, { interface: 'eth2', cidr: '192.0.2.99/32', owned: true }],
    interfaces: up('eth0', 'eth2'),
    gate: 'open' as const,
  };
  expect(words(bindingPlan(wish, view, 6).steps)).toEqual([
    'remove 192.0.2.100/32 eth0',
    'add 192.0.2.100/32 eth2',
    'announce 192.0.2.100 eth2',
    'remove 192.0.2.99/32 eth2',
  ]);
});

it("opens the kernel's gate before the address, which the kernel may advertise by itself", () => {
  const view = { addresses: [eth0], interfaces: up('eth0'), gate: 'shut' as const };
  expect(words(bindingPlan(wish, view, 6).steps)).toEqual([
    'open-gate',
    'add 192.0.2.100/32 eth0',
    'announce 192.0.2.100 eth0',
  ]);
});

it('prepares silently, then opens and announces what is there', () => {
  const silent = { ...wish, hold: 'silently' as const };
  const view = { addresses: [eth0], interfaces: up('eth0'), gate: 'shut' as const };
  expect(words(bindingPlan(silent, view, 6).steps)).toEqual(['add 192.0.2.100/32 eth0']);
  const prepared = apply(view, bindingPlan(silent, view, 6).steps);
  expect(words(bindingPlan(wish, prepared, 6).steps)).toEqual([
    'open-gate',
    'renew 192.0.2.100/32 eth0',
    'announce 192.0.2.100 eth0',
  ]);
  // Without a gate it would answer at once.
  expect(bindingPlan(silent, { ...view, gate: 'none' }, 6).steps).toEqual([]);
});

it('leaves by falling silent first, and takes the address off when the gate is shut', () => {
  const leaving = { ...wish, hold: 'leaving' as const };
  const view: BindingView = { addresses: [eth0, ours], interfaces: up('eth0'), gate: 'open' };
  expect(words(bindingPlan(leaving, view, 6).steps)).toEqual(['hush-gate']);
  expect(bindingPlan(leaving, { ...view, gate: 'hushed' }, 6).steps).toEqual([]);
  expect(words(bindingPlan(leaving, { ...view, gate: 'shut' }, 6).steps)).toEqual(['remove 192.0.2.100/32 eth0']);
  expect(words(bindingPlan(leaving, { ...view, gate: 'none' }, 6).steps)).toEqual(['remove 192.0.2.100/32 eth0']);
});

it('only removes, and only its own, when the node is not to hold the address', () => {
  const plan = bindingPlan(
    { ...wish, hold: 'no' },
    { addresses: [eth0, ours], interfaces: up('eth0'), gate: 'none' as const },
    6,
  );
  expect(plan.steps).toEqual([{ do: 'remove', interface: 'eth0', cidr: '192.0.2.100/32' }]);
});

it('never touches the address when somebody else put it on this host, in either role', () => {
  const view = { addresses: [eth0, { ...ours, owned: false }], interfaces: up('eth0'), gate: 'none' as const };
  for (const hold of ['openly', 'no'] as const) {
    const plan = bindingPlan({ ...wish, hold }, view, 6);
    expect(plan.steps).toEqual([]);
    expect(plan.refused[0]?.code).toBe('HS_BINDING_FOREIGN');
  }
});

it.each<[string, Partial<BindingWish>, BindingView, string]>([
  [
    'outside every subnet',
    { addresses: ['203.0.113.5/24'] },
    { addresses: [eth0], interfaces: up('eth0'), gate: 'none' as const },
    'no interface of this host has an address in the subnet of 203.0.113.5/24',
  ],
  [
    'interface missing',
    { interface: 'eth9' },
    { addresses: [eth0], interfaces: up('eth0'), gate: 'none' as const },
    'there is no interface eth9',
  ],
  [
    'named interface in another subnet',
    { interface: 'eth1' },
    { addresses: [eth0], interfaces: up('eth0', 'eth1'), gate: 'none' as const },
    'eth1 has no address in the subnet of 192.0.2.100/24',
  ],
  [
    'interface down',
    {},
    { addresses: [eth0], interfaces: [{ name: 'eth0', up: false, carrier: false }], gate: 'none' as const },
    'eth0, the interface in the subnet of 192.0.2.100/24, is down',
  ],
  [
    'only a host route',
    {},
    { addresses: [{ ...eth0, cidr: '192.0.2.11/32' }], interfaces: up('eth0'), gate: 'none' as const },
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
    { addresses: [eth0], interfaces: up('eth0'), gate: 'none' as const },
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
    gate: 'none' as const,
  };
  const plan = bindingPlan({ ...wish, addresses: ['2001:DB8:0:0::0100/64'] }, view, 6);
  expect(plan.steps.map((step) => step.do)).toEqual(['renew']);
});

const holds: Hold[] = ['no', 'silently', 'openly', 'leaving'];
const gates: GateState[] = ['none', 'shut', 'open', 'hushed'];

/** Every state that a run, its death at any step, or people may leave behind: 3 interfaces' worth of ours, 4 gates. */
function everyView(): BindingView[] {
  const bits = (number: number, at: number) => (number & (1 << at)) !== 0;
  const subnets = [eth0, { ...eth0, interface: 'eth2' }, { ...eth0, interface: 'eth0', cidr: '2001:db8::11/64' }];
  const candidates = [
    ...['192.0.2.100/32', '192.0.2.99/32', '2001:db8::100/128'].map((cidr) => ({
      interface: 'eth0',
      cidr,
      owned: true,
    })),
    { interface: 'eth2', cidr: '192.0.2.100/32', owned: true },
  ];
  return gates.flatMap((gate) =>
    Array.from({ length: 1 << (candidates.length + 2) }, (_, number) => ({
      addresses: [
        ...(bits(number, candidates.length) ? [eth0] : [{ ...eth0, interface: 'eth2' }]),
        ...(bits(number, candidates.length + 1) ? subnets.slice(2) : []),
        ...candidates.filter((__, index) => bits(number, index)),
      ],
      interfaces: up('eth0', 'eth2'),
      gate,
    })),
  );
}

it('keeps its word between any two steps, and reaches the wish from wherever it was interrupted', () => {
  const both = { addresses: ['192.0.2.100/24', '2001:db8::100/64'], interface: 'auto' };
  let interruptions = 0;
  for (const view of everyView()) {
    for (const hold of holds) {
      const { steps } = bindingPlan({ ...both, hold }, view, 6);
      const whole = settled({ ...both, hold }, view);
      for (let done = 0; done <= steps.length; done++) {
        const before = apply(view, steps.slice(0, Math.max(0, done - 1)));
        const broken = apply(view, steps.slice(0, done));
        const step = done === 0 ? undefined : steps[done - 1];
        interruptions++;
        // Nothing begins to answer unless it may; what answers twice on this host did so before.
        if (hold !== 'openly') expect(answering(broken).filter((one) => !answering(before).includes(one))).toEqual([]);
        if (step?.do === 'add') expect(twice(broken)).toEqual(twice(before));
        if (step?.do === 'announce') expect(answering(broken)).toContain(step.address);
        // Whatever is wished next, it is reached from here as from the beginning.
        expect(settled({ ...both, hold }, broken)).toEqual(whole);
        for (const next of holds) {
          const end = settled({ ...both, hold: next }, broken);
          if (next === 'no') expect(end.addresses.filter((one) => one.owned)).toEqual([]);
          if (next === 'silently') expect(answering(end)).toEqual([]);
          if (next === 'leaving') expect(end.gate === 'hushed' || answering(end).length === 0).toBe(true);
        }
      }
    }
  }
  expect(interruptions).toBeGreaterThan(2000);
});

/** What is there after plans have been carried out until there is nothing to do but renew. */
function settled(given: BindingWish, view: BindingView): BindingView {
  const key = JSON.stringify([
    given.hold,
    view.gate,
    ...view.addresses.map((one) => one.interface + one.cidr).toSorted(),
  ]);
  const known = ends.get(key) ?? settleAnew(given, view);
  ends.set(key, known);
  return known;
}

/** Interruptions meet in the same states again and again. */
const ends = new Map<string, BindingView>();

function settleAnew(given: BindingWish, view: BindingView): BindingView {
  let now = view;
  for (let round = 0; round < 3; round++) now = apply(now, bindingPlan(given, now, 6).steps);
  expect(words(bindingPlan(given, now, 6).steps).filter((step) => !step.startsWith('renew'))).toEqual([]);
  const order = (one: BindingView['addresses'][number]) => `${one.interface} ${one.cidr}`;
  return { ...now, addresses: now.addresses.toSorted((one, other) => order(one).localeCompare(order(other))) };
}

const ownedOnes = (view: BindingView) => view.addresses.filter((one) => one.owned);
const answering = (view: BindingView) =>
  view.gate === 'open' || view.gate === 'none' ? ownedOnes(view).map((one) => one.cidr.split('/')[0]) : [];
const twice = (view: BindingView) =>
  ownedOnes(view)
    .map((one) => one.cidr)
    .filter((cidr, index, all) => all.indexOf(cidr) !== index);
const words = (steps: ReturnType<typeof bindingPlan>['steps']) =>
  steps.map((step) => {
    if (step.do === 'announce') return `announce ${step.address} ${step.interface}`;
    return 'cidr' in step ? `${step.do} ${step.cidr} ${step.interface}` : step.do;
  });

function apply(view: BindingView, steps: ReturnType<typeof bindingPlan>['steps']): BindingView {
  let { addresses, gate } = view;
  for (const step of steps) {
    if (step.do === 'remove')
      addresses = addresses.filter((one) => one.cidr !== step.cidr || one.interface !== step.interface);
    if (step.do === 'add') addresses = [...addresses, { interface: step.interface, cidr: step.cidr, owned: true }];
    if (step.do === 'open-gate') gate = 'open';
    if (step.do === 'hush-gate') gate = 'hushed';
    if (step.do === 'shut-gate') gate = 'shut';
  }
  return { ...view, addresses, gate };
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
