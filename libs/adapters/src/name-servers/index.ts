import type { NodeConfig } from '@hotstandby/config';
import type { NameServers } from '@hotstandby/ports';
import { BindDns } from '../bind-dns/index.ts';

export { RememberedBindings, type AddressSettings } from './remembered-bindings.ts';

/** `binding` of a configuration whose mode is `hostname`. */
export type HostnameSettings = Extract<NodeConfig['binding'], { mode: 'hostname' }>;

/** The one place that chooses the kind of DNS server by the configuration. Inert until first use. */
export function openNameServers(binding: HostnameSettings): NameServers {
  return new BindDns(binding);
}
