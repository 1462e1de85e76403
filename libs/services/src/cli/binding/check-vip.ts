import type { NodeConfig } from '@hotstandby/config';
import { bindingPlan, inNetwork, parseCidr, parseIp, type BindingView } from '@hotstandby/core/binding-plan';
import { amiss, good, lacking, thrown, type CheckLine } from './check-line.ts';
import type { HostLook, VipSettings } from './look.ts';

/** What a node needs for its virtual addresses. Changes nothing; who asks must have the service's rights. */
export async function checkVip(config: NodeConfig, binding: VipSettings, host: HostLook): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  const unable = await host.binder.unable();
  lines.push(unable ? lacking('permission', 'fail', unable) : good('permission', 'this process may change addresses'));
  const lack = await host.gate.unable();
  // It works without, and promises less.
  lines.push(lack ? lacking('nftables', 'warn', lack) : good('nftables', 'the kernel can hold the grant'));
  if (unable?.code === 'HS_BINDING_TOOL') return lines;

  let view: BindingView;
  try {
    view = { ...(await host.binder.look()), gate: 'none' };
  } catch (error) {
    return [...lines, thrown('interface', 'fail', error, 'HS_BINDING_FAILED')];
  }
  const wish = { hold: 'openly' as const, addresses: binding.addresses, interface: binding.interface };
  const { placed, refused } = bindingPlan(wish, view, 1);
  for (const { cidr, code, message } of refused) lines.push(amiss(`interface ${cidr}`, 'fail', code, message));
  for (const { cidr, interface: name, address } of placed) {
    const network = networkOf(view, name, cidr);
    lines.push(onInterface(view, cidr, name, network), inPeersSubnet(config, cidr, network));
    lines.push(await isFree(config, host, view, { name, address }));
  }
  return lines;
}

/** The interface's own address in the virtual one's subnet. */
function networkOf({ addresses }: BindingView, name: string, cidr: string): string {
  const vip = parseCidr(cidr);
  const inside = addresses.filter((one) => {
    const network = one.interface === name && !one.owned ? parseCidr(one.cidr) : null;
    return vip !== null && network !== null && inNetwork(network, vip);
  });
  return inside.toSorted((one, other) => prefixOf(other.cidr) - prefixOf(one.cidr))[0]?.cidr ?? '';
}

const prefixOf = (cidr: string): number => parseCidr(cidr)?.prefix ?? 0;

function onInterface({ interfaces }: BindingView, cidr: string, name: string, network: string): CheckLine {
  const check = `interface ${cidr}`;
  if (interfaces.some((one) => one.name === name && !one.carrier))
    return amiss(check, 'fail', 'HS_BINDING_LINK', `${name} has no link`);
  const [wanted, there] = [prefixOf(cidr), prefixOf(network)];
  const isHost = wanted === (cidr.includes(':') ? 128 : 32);
  if (wanted !== there && !isHost)
    return amiss(check, 'warn', 'HS_BINDING_SUBNET', `the configuration says /${wanted}, and ${name} has ${network}`);
  return good(check, `on ${name}, which has ${network}`);
}

function inPeersSubnet({ peer }: NodeConfig, cidr: string, network: string): CheckLine {
  const check = `subnet ${cidr}`;
  const [here, there] = [parseCidr(network), parseIp(peer.address)];
  if (here && there && inNetwork(here, there))
    return good(check, `the peer (${peer.address}) is in the same subnet, ${network}`);
  const message = `peer.address ${peer.address} is not in ${network}: whether the peer has an interface in it cannot be seen from here`;
  return amiss(check, 'warn', 'HS_BINDING_SUBNET', message);
}

async function isFree(
  { peer }: NodeConfig,
  host: HostLook,
  { addresses }: BindingView,
  { name, address }: { name: string; address: string },
): Promise<CheckLine> {
  const check = `free ${address}`;
  const isHere = addresses.some((one) => one.owned && one.cidr.split('/')[0] === address);
  // The kernel resolves an address of its own to itself.
  if (isHere && address.includes(':')) return good(check, 'this node has it');
  const found = await host.probe(name, address);
  if (found.state === 'unknown') {
    const code = /not permitted|permission denied/i.test(found.why) ? 'HS_BINDING_PERMISSION' : 'HS_BINDING_TOOL';
    return amiss(check, 'warn', code, `nobody could be asked: ${found.why}`);
  }
  if (found.state === 'free')
    return good(check, isHere ? 'this node has it, and nobody else' : `nobody on ${name} has it`);
  const peerMac = await host.macOf(name, peer.address);
  if (!isHere && peerMac !== null && peerMac.toLowerCase() === found.mac.toLowerCase())
    return good(check, `the peer has it (${found.mac})`);
  const who = peerMac === null ? `, and the peer (${peer.address}) does not answer on ${name}: it may be the peer` : '';
  return amiss(check, 'fail', 'HS_BINDING_TAKEN', `${found.mac} answers for it${who}`);
}
