import type { NodeConfig } from '@hotstandby/config';
import {
  addressLifeSeconds,
  bindingPlan,
  whyAction,
  type BindingRefusal,
  type BindingView,
  type GateState,
} from '@hotstandby/core/binding-plan';
import {
  hostnamePlan,
  parseMarker,
  whyHostnameStep,
  type HostnameView,
  type HostnameWish,
} from '@hotstandby/core/hostname-plan';
import type { NameServers } from '@hotstandby/ports';
import { good, thrown } from './check-line.ts';
import type { BindingLook, HostnameSettings, Lack, VipSettings } from './look.ts';

export interface PlannedStep {
  do: string;
  /** The step's own words: which address, on which interface. */
  what: string;
  why: string;
}

export interface PlanFor {
  as: 'active' | 'standby';
  steps: PlannedStep[];
  /** Why there are none, or what the node waits for. */
  note: string | null;
  refused: { what: string; code: string; message: string }[];
}

/** What this node would do for its binding, what it goes by, and why. */
export interface BindingPlanReport {
  node: string;
  cluster: string;
  mode: 'vip' | 'hostname' | 'none';
  wanted: string[];
  seen: string[];
  plans: PlanFor[];
}

/** Looks, and plans as the service would in either role; changes nothing. Throws with a code when it cannot look. */
export async function planBinding(config: NodeConfig, look: BindingLook): Promise<BindingPlanReport> {
  const { binding } = config;
  const base = { node: config.node.name, cluster: config.cluster };
  if (binding.mode === 'vip') return { ...base, ...(await planVip(binding, look)) };
  if (binding.mode === 'hostname') return { ...base, ...(await planHostname(config, binding, look)) };
  const http = `http://${config.node.address}:${config.http.console}`;
  const note = `nothing follows the active: devices send to both nodes, or a load balancer asks ${http}/health/active`;
  const plans: PlanFor[] = (['active', 'standby'] as const).map((as) => ({ as, steps: [], note, refused: [] }));
  return { ...base, mode: 'none', wanted: ['nothing'], seen: ['nothing is looked at'], plans };
}

type Planned = Omit<BindingPlanReport, 'node' | 'cluster'>;

async function planVip(binding: VipSettings, { host }: BindingLook): Promise<Planned> {
  const unable = await host.binder.unable();
  const { addresses, interfaces } = await host.binder.look();
  const lack = await host.gate.unable();
  const state = lack ? null : await host.gate.state();
  // The service makes the rules at its start, shut.
  const gate: GateState = state === null ? 'none' : state === 'absent' ? 'shut' : state;
  const view: BindingView = { addresses, interfaces, gate };
  const plans = (['active', 'standby'] as const).map((as): PlanFor => {
    const hold = as === 'active' ? ('openly' as const) : ('no' as const);
    const wish = { hold, addresses: binding.addresses, interface: binding.interface };
    const plan = bindingPlan(wish, view, addressLifeSeconds);
    const steps = plan.steps.map((step) => ({ do: step.do, what: words(step), why: whyAction(step, wish, view) }));
    const refused = as === 'active' ? plan.refused.map(refusal) : [];
    const blocked = unable ? `it would fail: ${unable.message} (${unable.code}). ${unable.cure}` : null;
    return { as, steps, note: blocked ?? (steps.length > 0 ? null : nothing(as, refused.length)), refused };
  });
  const { interface: name } = binding;
  return {
    mode: 'vip',
    wanted: binding.addresses.map((cidr) => `${cidr} on ${name === 'auto' ? 'the interface in its subnet' : name}`),
    seen: [
      ...interfaces.map(
        (one) => `${one.name} ${one.up ? 'up' : 'down'}${one.carrier ? '' : ', no link'}: ${on(one.name, view)}`,
      ),
      lack ? `no kernel-held grant: ${lack.message} (${lack.code})` : gateWords(state),
    ],
    plans,
  };
}

const on = (name: string, { addresses }: BindingView): string =>
  addresses
    .filter((one) => one.interface === name)
    .map(({ cidr, owned }) => (owned ? `${cidr} (put there by this node)` : cidr))
    .join(', ') || 'no address';

const gateWords = (state: 'open' | 'hushed' | 'shut' | 'absent' | null): string =>
  ({
    open: "the kernel's gate is open: this host answers for the addresses",
    hushed: "the kernel's gate is hushed: this host takes packets for the addresses and answers nobody",
    shut: "the kernel's gate is shut: this host does not answer for the addresses",
    absent: "the kernel's gate is not made: network-binding does not run here, and makes it shut at its start",
  })[state ?? 'absent'];

function nothing(as: 'active' | 'standby', refused: number): string {
  if (refused > 0) return 'nothing can be done before that is mended';
  return as === 'active'
    ? 'nothing to do: everything is as it should be'
    : 'nothing to do: this host has none of it, as a standby should';
}

const refusal = ({ cidr, code, message }: BindingRefusal) => ({ what: cidr, code, message });

function words(step: ReturnType<typeof bindingPlan>['steps'][number]): string {
  if ('cidr' in step) return `${step.cidr} on ${step.interface}`;
  return 'address' in step ? `${step.address} on ${step.interface}` : '';
}

async function planHostname(config: NodeConfig, binding: HostnameSettings, { names }: BindingLook): Promise<Planned> {
  if (!names) throw new Error('no DNS server is configured');
  const [primary = ''] = names.servers;
  const view = await names.look(primary);
  const wish = hostnameWish(config, binding, view);
  const { steps, refused } = hostnamePlan(wish, view);
  const unable = (await names.unable()) ?? (await whyNoUpdate(names));
  const planned = steps.map((step) => ({
    do: step.do,
    what: step.do === 'update' ? `${binding.name} -> ${step.addresses.join(', ')}; TXT "${step.marker}"` : binding.name,
    why: whyHostnameStep(step, wish, view),
  }));
  const blocked = unable ? `it would fail: ${unable.message} (${unable.code}). ${unable.cure}` : null;
  const standbyNote = 'nothing to do: a standby only looks, and rehearses an update once a minute';
  return {
    mode: 'hostname',
    wanted: [
      `${binding.name} -> ${wish.addresses.join(', ')}, TTL ${binding.ttlSeconds} s, with epoch ${wish.epoch} (the next one, or this node's own)`,
    ],
    seen: [
      `${primary}: ${binding.name} -> ${view.addresses.map(({ address, ttlSeconds }) => `${address} (TTL ${ttlSeconds} s)`).join(', ') || 'nothing'}`,
      `${primary}: beside it ${view.markers.map((text) => `TXT "${text}"`).join(', ') || 'no TXT record'}`,
    ],
    plans: [
      {
        as: 'active',
        steps: planned,
        note: blocked,
        refused: refused ? [{ what: binding.name, ...refused }] : [],
      },
      { as: 'standby', steps: [], note: standbyNote, refused: [] },
    ],
  };
}

/** Why the server would not take an update, as it says of one that cannot happen; null: it would. */
async function whyNoUpdate(names: NameServers): Promise<Lack | null> {
  const { code, message, cure } = await names.rehearse().then(
    () => good('update', ''),
    (error: unknown) => thrown('update', 'fail', error, 'HS_DNS_FAILED'),
  );
  return code === null || cure === null ? null : { code, message, cure };
}

/** With the epoch that this node has the name with, or, when it has not, the next one: what a claim would bring. */
export function hostnameWish(config: NodeConfig, binding: HostnameSettings, view: HostnameView): HostnameWish {
  const { cluster, node } = config;
  const marker = view.markers.map(parseMarker).find((one) => one?.cluster === cluster);
  const epoch = marker ? marker.epoch + (marker.node === node.name ? 0 : 1) : 1;
  const addresses = binding.addresses ?? [node.address];
  return { cluster, node: node.name, epoch, addresses, ttlSeconds: binding.ttlSeconds };
}
