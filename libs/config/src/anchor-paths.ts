import type { NodeConfig } from './parse.ts';

type Hostname = Extract<NodeConfig['binding'], { mode: 'hostname' }>;
type Check = NodeConfig['workload']['checks'][number];
type Anchor = <Path extends string | undefined>(path: Path) => Path;

/**
 * The configuration with its relative paths taken from the folder of its file, so that they mean the same wherever a
 * service or a person's shell was started. `folder` is absolute.
 */
export function anchorPaths(config: NodeConfig, folder: string): NodeConfig {
  const at = <Path extends string | undefined>(path: Path): Path =>
    (path === undefined || path.startsWith('/') ? path : `${folder.replace(/\/$/, '')}/${path}`) as Path;
  const { node, store, nats, binding, collector, fileSync, notifier, workload } = config;
  return {
    ...config,
    node: { ...node, dataDir: at(node.dataDir) },
    store: { ...store, passwordFile: at(store.passwordFile), caFile: at(store.caFile) },
    nats: { ...nats, keysDir: at(nats.keysDir), caFile: at(nats.caFile) },
    collector: {
      ...collector,
      templates:
        collector.templates.store === 'redis'
          ? {
              ...collector.templates,
              passwordFile: at(collector.templates.passwordFile),
              caFile: at(collector.templates.caFile),
            }
          : collector.templates,
      tls: {
        ...collector.tls,
        certFile: at(collector.tls.certFile),
        keyFile: at(collector.tls.keyFile),
        caFile: at(collector.tls.caFile),
      },
      snmpUsers: collector.snmpUsers.map((user) => ({
        ...user,
        authKeyFile: at(user.authKeyFile),
        privKeyFile: at(user.privKeyFile),
      })),
    },
    workload: { checks: workload.checks.map((check) => anchorCheck(check, at)) },
    binding: binding.mode === 'hostname' ? anchorSecrets(binding, at) : binding,
    fileSync: fileSync.enabled ? { ...fileSync, root: at(fileSync.root), keysDir: at(fileSync.keysDir) } : fileSync,
    notifier: notifier.enabled
      ? {
          ...notifier,
          smtp: {
            ...notifier.smtp,
            passwordFile: at(notifier.smtp.passwordFile),
            caFile: at(notifier.smtp.caFile),
          },
        }
      : notifier,
  };
}

function anchorCheck(check: Check, at: Anchor): Check {
  if (check.kind === 'http') return { ...check, caFile: at(check.caFile) };
  return check.kind === 'process' ? { ...check, pidFile: at(check.pidFile) } : check;
}

function anchorSecrets(binding: Hostname, at: Anchor): Hostname {
  const { tsig, kerberos } = binding;
  return {
    ...binding,
    ...(tsig && { tsig: { ...tsig, keyFile: at(tsig.keyFile) } }),
    ...(kerberos && {
      kerberos: { ...kerberos, passwordFile: at(kerberos.passwordFile), keytabFile: at(kerberos.keytabFile) },
    }),
  };
}
