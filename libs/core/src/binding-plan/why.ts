import { parseCidr, sameIp } from './ip-address.ts';
import type { BindingAction, BindingView, BindingWish } from './index.ts';

const isSame = (one: string, other: string): boolean => {
  const [left, right] = [parseCidr(one), parseCidr(other)];
  return left !== null && right !== null && sameIp(left, right);
};

/** Why the plan has this step, for people: the end of "do this, because ...". */
export function whyAction(action: BindingAction, wish: BindingWish, view: BindingView): string {
  switch (action.do) {
    case 'open-gate':
      return 'this host may answer for the addresses as long as the grant lives; before they are there, because the kernel tells of an added one by itself';
    case 'hush-gate':
      return 'the other node takes over: nothing answers here any more, and what is on its way is still taken';
    case 'shut-gate':
      return wish.hold === 'silently'
        ? 'an address that is laid ready must answer nobody'
        : 'this node is not the active: first nothing answers, then the addresses go';
    case 'add':
      return `the active has the address, and this host has not; as a host address, so that the host never takes it as the source of its own connections; the kernel takes it away after ${action.validSeconds} s unless it is renewed`;
    case 'renew':
      return `the address is there already: its life in the kernel is set to ${action.validSeconds} s again`;
    case 'announce':
      return 'the neighbours still know the old owner: they are told after the address answers';
    case 'remove':
      return whyRemoved(action, wish, view);
  }
}

function whyRemoved(action: { interface: string; cidr: string }, wish: BindingWish, view: BindingView): string {
  if (wish.hold === 'no') return 'only the active has it, and this node put it there, now or in an earlier run';
  const isWanted = wish.addresses.some((cidr) => isSame(cidr, action.cidr));
  if (!isWanted) return 'it is not configured any more; last, when what replaces it answers';
  const { up } = view.interfaces.find((one) => one.name === action.interface) ?? { up: false };
  return `it belongs on another interface${up ? '' : ', and this one is down'}: an address is never in two places`;
}
