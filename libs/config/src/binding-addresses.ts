import { parseCidr, parseIp, sameIp, unfitAddress, unfitVirtualAddress } from '@hotstandby/core/binding-plan';
import type { ConfigFault } from './parse.ts';
import type { NodeConfigFile } from './schema.ts';

/** What is wrong with the addresses of the binding that can be seen without a look at the host. */
export function bindingAddressFaults({ binding, node, peer }: NodeConfigFile): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const refuse = (got: string, expected: string) =>
    faults.push({
      code: 'HS_CONFIG_INVALID',
      field: 'binding.addresses',
      expected,
      got: JSON.stringify(got),
      cure: 'Give binding.addresses another value.',
    });
  if (binding.mode === 'vip') {
    for (const [index, cidr] of binding.addresses.entries()) {
      const why = unfitVirtualAddress(cidr);
      if (why) refuse(cidr, `an address that one host can have; this one ${why}`);
      if (isSame(cidr, node.address)) refuse(cidr, "another address than the node's own");
      if (isSame(cidr, peer.address)) refuse(cidr, "another address than the peer's own");
      if (binding.addresses.slice(0, index).some((earlier) => isSame(earlier, cidr))) refuse(cidr, 'each address once');
    }
  } else if (binding.mode === 'hostname') {
    for (const own of binding.addresses ?? []) {
      const ip = parseIp(own);
      const why = ip && unfitAddress(ip);
      // A pair that is tried out on one machine has loopback addresses.
      if (why && !why.includes('loopback')) refuse(own, `an address that one host can have; this one ${why}`);
      if (isSame(own, peer.address)) refuse(own, "this node's own address, not the peer's");
    }
  }
  return faults;
}

/** By value: people and kernels spell IPv6 addresses differently. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => (text.includes('/') ? parseCidr(text) : parseIp(text)));
  return left != null && right != null && sameIp(left, right);
}
