import {
  errorCodes,
  parse,
  subjects,
  switchoverResult,
  type ErrorCode,
  type Place,
  type SwitchoverResult,
} from '@hotstandby/contracts';
import type { Bus } from '@hotstandby/ports';

const peerTimeoutMs = 60_000;

export function refusal(code: ErrorCode, message: string): SwitchoverResult {
  return { done: false, code, message: `${message}. ${errorCodes[code][1]}`, from: null, to: null };
}

/** A request that reached the wrong node goes to the other one, once. */
export async function askPeer(
  bus: Bus,
  peer: Place,
  what: 'switchover' | 'failback',
  asked: { operator: string; reason: string; force?: boolean },
): Promise<SwitchoverResult> {
  try {
    const answer = await bus.request(subjects[what](peer), { ...asked, forwarded: true }, peerTimeoutMs);
    return parse(switchoverResult, answer, `an answer to a ${what}`);
  } catch (error) {
    return refusal('HS_NOT_ACTIVE', `this node is not active, and ${peer.node} does not answer (${String(error)})`);
  }
}
