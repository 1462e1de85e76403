import { bitsOf, inNetwork, parseCidr, sameIp, type IpNetwork } from './ip-address.ts';

export { inNetwork, parseCidr, parseIp, sameIp, type IpAddress, type IpNetwork } from './ip-address.ts';
export { whyAction } from './why.ts';
export { unfitAddress, unfitVirtualAddress } from './unfit-address.ts';

/**
 * How long the kernel keeps an address that nobody renews. Coarse on purpose (the kernel counts whole seconds, and a
 * short stall of the process must not cost the address); it is renewed at a third of it.
 */
export const addressLifeSeconds = 6;

/**
 * How this node is to have the addresses: `no`; `silently` (there, and answering nobody: a hand-over to it is near);
 * `openly`; `leaving` (handed over: it answers no more and still takes what is on its way).
 */
export type Hold = 'no' | 'silently' | 'openly' | 'leaving';

/**
 * What the kernel lets this host do for the addresses (`docs/binding.md`): `none`: it holds no grant here, so an address
 * that is there answers.
 */
export type GateState = 'none' | 'shut' | 'open' | 'hushed';

/** The virtual addresses as configured, and how this node is to have them now. */
export interface BindingWish {
  hold: Hold;
  /** With the prefix length of their subnet: `192.0.2.100/24`. */
  addresses: string[];
  /** An interface's name, or `auto`: whichever has an address in the subnet. */
  interface: string;
}

export interface BindingView {
  /** `owned`: put there by this node's binding, now or in an earlier run. */
  addresses: { interface: string; cidr: string; owned: boolean }[];
  interfaces: { name: string; up: boolean; carrier: boolean }[];
  gate: GateState;
}

export type BindingAction =
  | { do: 'open-gate' }
  | { do: 'hush-gate' }
  | { do: 'shut-gate' }
  | { do: 'remove'; interface: string; cidr: string }
  | { do: 'add'; interface: string; cidr: string; validSeconds: number }
  | { do: 'renew'; interface: string; cidr: string; validSeconds: number }
  | { do: 'announce'; interface: string; address: string };

export interface BindingRefusal {
  /** The configured address that cannot be held. */
  cidr: string;
  code: 'HS_BINDING_INTERFACE' | 'HS_BINDING_FOREIGN';
  message: string;
}

export interface BindingPlan {
  /** In order; every prefix of them leaves the host in a state from which the next plan goes on. */
  steps: BindingAction[];
  /** Where each address that can be held belongs. */
  placed: { cidr: string; interface: string; address: string }[];
  refused: BindingRefusal[];
}

/** IPv6 addresses that people wrote and the kernel prints differ in spelling, so all comparing is by value. */
const at = (cidr: string): IpNetwork => parseCidr(cidr) ?? { family: 4, value: -1n, prefix: 32 };

/**
 * What to do so that the host is as wished. Safe to interrupt between any two steps, because at every moment
 * - an address that is there without the right to answer has a gate that is shut or hushed before it;
 * - nothing is announced that does not answer yet;
 * - what is no longer configured goes last, when what replaces it answers; the same address on another interface first.
 * Everything added or opened ends by itself, so dying anywhere is safe, too. The next plan, from what is there then, goes on.
 *
 * The interface is chosen anew every time, because interfaces come back under other names.
 */
export function bindingPlan(wish: BindingWish, view: BindingView, validSeconds: number): BindingPlan {
  const plan: BindingPlan = { steps: [], placed: [], refused: [] };
  for (const cidr of wish.addresses) {
    const found = place(cidr, wish, view);
    if ('code' in found) plan.refused.push(found);
    else plan.placed.push(found);
  }
  const hold = possible(wish.hold, view.gate);
  const owned = view.addresses.filter((seen) => seen.owned);
  const remove = (seen: BindingView['addresses'][number]): BindingAction => ({
    do: 'remove',
    interface: seen.interface,
    cidr: seen.cidr,
  });

  if (hold === 'no') {
    if (view.gate === 'open' || view.gate === 'hushed') plan.steps.push({ do: 'shut-gate' });
    plan.steps.push(...owned.map(remove));
    return plan;
  }
  if (hold === 'leaving') {
    if (view.gate === 'open') plan.steps.push({ do: 'hush-gate' });
    return plan;
  }

  if (hold === 'silently' && view.gate !== 'shut') plan.steps.push({ do: 'shut-gate' });
  const isTarget = (seen: BindingView['addresses'][number]) =>
    plan.placed.some((target) => target.interface === seen.interface && sameIp(at(target.cidr), at(seen.cidr)));
  const isElsewhere = (seen: BindingView['addresses'][number]) =>
    !isTarget(seen) && plan.placed.some((target) => sameIp(at(target.cidr), at(seen.cidr)));
  plan.steps.push(...owned.filter(isElsewhere).map(remove));

  const silent = view.gate === 'shut' || view.gate === 'hushed';
  // Before the addresses: the kernel itself advertises an IPv6 address when it is added, if it may.
  // For an address that the host itself has configured, too: it is left alone, but on the active it may answer.
  const something = plan.placed.length > 0 || plan.refused.some((one) => one.code === 'HS_BINDING_FOREIGN');
  if (hold === 'openly' && silent && something) plan.steps.push({ do: 'open-gate' });
  const announcements: BindingAction[] = [];
  for (const { cidr, interface: name, address } of plan.placed) {
    const target = at(cidr);
    const present = owned.some((seen) => seen.interface === name && sameIp(at(seen.cidr), target));
    // As a host address: with its subnet's prefix the kernel might pick it as the source of the host's own connections.
    const hostCidr = `${address}/${bitsOf(target.family)}`;
    plan.steps.push({ do: present ? 'renew' : 'add', interface: name, cidr: hostCidr, validSeconds });
    if (!present || silent) announcements.push({ do: 'announce', interface: name, address });
  }
  if (hold === 'openly') plan.steps.push(...announcements);
  plan.steps.push(...owned.filter((seen) => !isTarget(seen) && !isElsewhere(seen)).map(remove));
  return plan;
}

/** Without a kernel that holds the grant nothing can be there silently; and after its time a gate has nothing to accept. */
function possible(hold: Hold, gate: GateState): Hold {
  if (hold === 'silently' && gate === 'none') return 'no';
  if (hold === 'leaving' && (gate === 'none' || gate === 'shut')) return 'no';
  return hold;
}

function place(cidr: string, wish: BindingWish, view: BindingView): BindingPlan['placed'][number] | BindingRefusal {
  const refuse = (code: BindingRefusal['code'], message: string): BindingRefusal => ({ cidr, code, message });
  const wanted = parseCidr(cidr);
  if (!wanted) return refuse('HS_BINDING_INTERFACE', `${cidr} is no address with a prefix length`);

  const foreign = view.addresses.find((seen) => !seen.owned && sameIp(at(seen.cidr), wanted));
  if (foreign) {
    return refuse(
      'HS_BINDING_FOREIGN',
      `${cidr} is on ${foreign.interface} already and was not put there by hotstandby`,
    );
  }
  const named = view.interfaces.find((one) => one.name === wish.interface);
  if (wish.interface !== 'auto' && !named) {
    return refuse('HS_BINDING_INTERFACE', `there is no interface ${wish.interface}`);
  }
  const connected = view.addresses
    .filter((seen) => !seen.owned && (wish.interface === 'auto' || seen.interface === wish.interface))
    .map((seen) => ({ name: seen.interface, network: at(seen.cidr) }))
    .filter(
      ({ network }) => network.prefix > 0 && network.prefix < bitsOf(network.family) && inNetwork(network, wanted),
    )
    .sort((one, other) => other.network.prefix - one.network.prefix);
  if (connected.length === 0) {
    const who = named ? `${named.name} has no address` : 'no interface of this host has an address';
    return refuse('HS_BINDING_INTERFACE', `${who} in the subnet of ${cidr}`);
  }
  const usable = connected.find(({ name }) => view.interfaces.some((one) => one.name === name && one.up));
  if (!usable) {
    return refuse('HS_BINDING_INTERFACE', `${connected[0]?.name}, the interface in the subnet of ${cidr}, is down`);
  }
  return { cidr, interface: usable.name, address: cidr.split('/')[0] ?? '' };
}
