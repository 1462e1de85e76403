import {
  CodedError,
  errorCodes,
  exitCodes,
  parse,
  subjects,
  switchoverResult,
  type ErrorCode,
  type SwitchoverResult,
} from '@hotstandby/contracts';
import { activeOf, PairView, type PairParts } from '../../pair-view/index.ts';
import { jsonText, tellFault, type Output } from '../output.ts';

export interface SwitchoverOrder {
  /** Who asks, for the history. */
  operator: string;
  reason: string;
}

/** Longer than every listener's own deadline and the take-over of the profile `classic`. */
const timeoutMs = 150_000;

/** Has the active give its role to the standby. 0: done; 1: not done, and why. Throws when nobody could be asked. */
export async function switchoverCommand(order: SwitchoverOrder, parts: PairParts, output: Output): Promise<number> {
  const { bus, config } = parts;
  const nodes = await new PairView(parts).nodes();
  const active = activeOf(nodes);
  if (!active) {
    const heard = nodes.some(({ arbiter }) => arbiter !== null);
    const fault = nodes.find((node) => node.fault)?.fault;
    throw heard
      ? new CodedError('HS_NOT_ACTIVE', 'no node is active', { cure: 'See `hotstandby status` for why.' })
      : new CodedError('HS_NO_ANSWER', `no arbiter answers: ${fault?.message ?? ''}`);
  }
  if (!output.json) output.err(`asking ${active.name} (${active.address}) to hand over ...`);
  const subject = subjects.switchover({ cluster: config.cluster, node: active.name });
  const result = parse(switchoverResult, await bus.request(subject, order, timeoutMs), "the arbiter's answer");
  if (output.json) output.out(jsonText(result, 2));
  if (result.done) {
    if (!output.json) output.out(`${output.paint('green', 'done')}: ${result.message}`);
    return exitCodes.ok;
  }
  if (!output.json) tellFault(notDone(result), output);
  return exitCodes.negative;
}

function notDone({ code, message }: SwitchoverResult): CodedError {
  return new CodedError(code !== null && code in errorCodes ? (code as ErrorCode) : 'HS_BUSY', message);
}
