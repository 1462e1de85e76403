import type { NodeConfig } from '@hotstandby/config';
import { amiss, good, type CheckLine } from './check-line.ts';
import type { BindingLook } from './look.ts';

/** Whether telemetry can be forwarded under the addresses that it came from, where the configuration wants that. */
export function checkForward(
  { collector }: Pick<NodeConfig, 'collector'>,
  { forwardLack }: Pick<BindingLook, 'forwardLack'>,
): CheckLine[] {
  if (!collector.enabled) return [];
  return collector.sinks.flatMap((sink) => {
    if (sink.type !== 'forward' || sink.source !== 'original') return [];
    const check = `forward ${sink.address} port ${sink.port}`;
    const lack = forwardLack(sink);
    if (lack === null) return [good(check, 'datagrams keep their source address and port')];
    return [amiss(check, 'warn', 'HS_FORWARD_SOURCE', `source addresses would be in a PROXY header: ${lack}`)];
  });
}
