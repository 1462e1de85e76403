import type { ConfigFault } from './parse.ts';
import type { NodeConfigFile } from './schema.ts';

/** What the TLS ports lack. */
export function tlsFaults({ syslogTlsPorts, tls }: NodeConfigFile['collector']): ConfigFault[] {
  if (syslogTlsPorts.length === 0) return [];
  const needed = [
    ['certFile', 'syslogTlsPorts'],
    ['keyFile', 'syslogTlsPorts'],
    ...(tls.clientCertificates === 'none'
      ? []
      : [['caFile', `clientCertificates: ${tls.clientCertificates}`] as const]),
  ] as const;
  return needed
    .filter(([name]) => tls[name] === undefined)
    .map(([name, by]) => ({
      code: 'HS_CONFIG_INVALID',
      field: `collector.tls.${name}`,
      expected: `a file, for ${by} needs it`,
      got: 'nothing',
      cure: `Add collector.tls.${name}.`,
    }));
}
