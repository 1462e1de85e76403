import type { NodeConfig } from '@hotstandby/config';
import type { Policy } from '@hotstandby/core/policy';

type Configured = Pick<NodeConfig, 'policy' | 'workload' | 'binding' | 'collector' | 'fileSync' | 'notifier'>;

/** The configuration's policy; a critical service that is switched off, or has nothing to do, is none. */
export function policyOf(config: Configured): Policy {
  const { policy, workload, binding, collector, fileSync, notifier } = config;
  const used: Record<string, boolean> = {
    'network-binding': binding.mode !== 'none',
    'file-sync': fileSync.enabled,
    collector: collector.enabled,
    notifier: notifier.enabled,
    console: true,
    workload: workload.checks.length > 0,
  };
  return {
    enabled: policy.enabled,
    failback: policy.failback,
    failbackAfterMs: policy.failbackAfterSeconds * 1000,
    // Each check has its own number of failures.
    atOnce: ['workload'],
    criticalServices: policy.criticalServices.filter((service) => used[service]),
    handOverAfterMs: policy.healthHandOverAfterSeconds * 1000,
    minimumReignMs: policy.minimumReignSeconds * 1000,
    localRestarts: policy.localRestarts,
    restartWindowMs: policy.localRestartWindowSeconds * 1000,
  };
}
