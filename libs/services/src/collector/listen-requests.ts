import type { NodeConfig } from '@hotstandby/config';
import type { ListenRequest, TelemetryKind } from '@hotstandby/ports';

type ListenConfig = Pick<NodeConfig, 'node' | 'collector'> & Partial<Pick<NodeConfig, 'binding'>>;

/** Those that follow the role, without their prefix lengths. */
export function virtualAddresses(binding: NodeConfig['binding']): string[] {
  return binding.mode === 'vip' ? binding.addresses.map((cidr) => cidr.split('/')[0] ?? '') : [];
}

/** Every port that the configuration names. */
export function listenRequests(config: ListenConfig): ListenRequest[] {
  const { listenAddress, syslogPorts, trapPorts, flowPorts, sflowPorts, receiveBufferBytes } = config.collector;
  const { syslogTcpPorts = syslogPorts, syslogTlsPorts } = config.collector;
  const address = listenAddress ?? config.node.address;
  const of = (kind: TelemetryKind, ports: number[], transport: ListenRequest['transport'] = 'udp') =>
    [...new Set(ports)].map((port) => ({ kind, transport, address, port, receiveBufferBytes }));
  // What comes to a virtual address is answered from it, which a socket on all addresses cannot: it has its own, and the kernel
  // prefers that.
  const isWildcard = address === '0.0.0.0' || address === '::';
  const virtual = config.binding && isWildcard ? virtualAddresses(config.binding) : [];
  return [
    ...of('syslog', syslogPorts),
    ...of('trap', trapPorts),
    ...virtual.flatMap((one) =>
      of('trap', trapPorts).map((request) => ({ ...request, address: one, transient: true })),
    ),
    ...of('flow', [...flowPorts, ...sflowPorts]),
    ...of('syslog', syslogTcpPorts, 'tcp'),
    ...of('syslog', syslogTlsPorts, 'tls'),
  ];
}
