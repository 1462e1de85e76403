import type { NodeConfig } from '@hotstandby/config';
import type { Retention } from '@hotstandby/ports';

const dayMs = 86_400_000;

/** What the configuration says in days; what it does not say of a kind follows `retentionDays`. */
export function retentionOf(collector: Pick<NodeConfig['collector'], 'retentionDays' | 'retention'>): Retention {
  const { retentionDays, retention } = collector;
  const of = (days: number | undefined): number => (days ?? retentionDays) * dayMs;
  return {
    syslogMs: of(retention.syslogDays),
    trapMs: of(retention.trapDays),
    flowMs: of(retention.flowDays),
    minuteMs: of(retention.minuteDays),
  };
}
