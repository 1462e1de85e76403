import type { NodeConfig } from '@hotstandby/config';
import type { WorkloadCheck } from '@hotstandby/ports';
import { httpCheck } from './http-check.ts';
import { processCheck } from './process-check.ts';
import { programCheck } from './program-check.ts';
import { tcpCheck } from './tcp-check.ts';

type CheckConfig = NodeConfig['workload']['checks'][number];

/** The check that the configuration describes. Inert until its first look. */
export function makeWorkloadCheck(config: CheckConfig): WorkloadCheck {
  switch (config.kind) {
    case 'tcp':
      return tcpCheck(config);
    case 'http':
      return httpCheck(config);
    case 'process':
      return processCheck(config);
    case 'program':
      return programCheck(config);
  }
}
