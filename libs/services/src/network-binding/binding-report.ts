import type { NodeConfig } from '@hotstandby/config';
import type { AddressGate, ServiceReport } from '@hotstandby/ports';
import { validSeconds, type BindingFault } from './address-keeper.ts';
import type { KernelGrant } from './kernel-grant.ts';

/** What this host answers for. */
export interface Bound {
  addresses: string[];
  interface: string | null;
  epoch: number;
}

interface BindingState {
  binding: Exclude<NodeConfig['binding'], { mode: 'hostname' }>;
  bound: Bound | null;
  lastBindMs: number | null;
  kernelGrant: ReturnType<KernelGrant['state']>;
  means: ReturnType<NonNullable<AddressGate['means']>> | null;
  fault: BindingFault | null;
  /** A program or a right is missing. */
  unable: boolean;
  mayHold: boolean;
}

export function bindingReport(state: BindingState): ServiceReport {
  const { binding, bound, lastBindMs, kernelGrant, means, fault } = state;
  if (binding.mode === 'none') {
    return { health: 'ok', summary: 'mode none: no address follows the active', detail: { mode: 'none', bound: [] } };
  }
  const held = bound?.addresses ?? [];
  const detail = {
    mode: 'vip',
    addresses: binding.addresses,
    bound: held,
    interface: bound?.interface ?? null,
    epoch: bound?.epoch ?? null,
    lastBindMs,
    validSeconds,
    kernelGrant,
    kernelGrantBy: means?.name ?? null,
    ...(means?.note && { kernelGrantNote: means.note }),
  };
  if (fault) {
    return {
      health: isShutOut(state, fault) ? 'failed' : 'degraded',
      summary: `${fault.message}. ${fault.cure}`,
      detail: { ...detail, code: fault.code },
    };
  }
  const summary = held.length > 0 ? `holds ${held.join(', ')}` : 'holds no address: this node is not active';
  return { health: 'ok', summary, detail };
}

/**
 * No client can reach the addresses here: in either role for want of a link, of the right or of a program (such a
 * standby is no place to hand over to), on the active when one is not bound, a stranger has it, or the kernel does not open.
 */
function isShutOut({ binding, bound, kernelGrant, unable, mayHold }: BindingState, fault: BindingFault): boolean {
  if (unable || fault.code === 'HS_BINDING_LINK' || fault.code === 'HS_BINDING_INTERFACE') return true;
  if (!mayHold) return false;
  const wanted = binding.mode === 'vip' ? binding.addresses.length : 0;
  if ((bound?.addresses.length ?? 0) < wanted) return true;
  const isShut = kernelGrant !== 'open' && kernelGrant !== 'none';
  return isShut && (fault.code === 'HS_BINDING_TAKEN' || fault.code === 'HS_BINDING_GATE');
}
