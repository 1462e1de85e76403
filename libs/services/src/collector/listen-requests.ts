import type { NodeConfig } from '@hotstandby/config';
import type { ListenRequest, TelemetryKind } from '@hotstandby/ports';

/** Every port that the configuration names. */
export function listenRequests(config: Pick<NodeConfig, 'node' | 'collector'>): ListenRequest[] {
  const { listenAddress, syslogPorts, trapPorts, flowPorts, sflowPorts, receiveBufferBytes } = config.collector;
  const { syslogTcpPorts = syslogPorts, syslogTlsPorts } = config.collector;
  const address = listenAddress ?? config.node.address;
  const of = (kind: TelemetryKind, ports: number[], transport: ListenRequest['transport'] = 'udp') =>
    [...new Set(ports)].map((port) => ({ kind, transport, address, port, receiveBufferBytes }));
  return [
    ...of('syslog', syslogPorts),
    ...of('trap', trapPorts),
    ...of('flow', [...flowPorts, ...sflowPorts]),
    ...of('syslog', syslogTcpPorts, 'tcp'),
    ...of('syslog', syslogTlsPorts, 'tls'),
  ];
}
