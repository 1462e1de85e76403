import {
  failbackRequest,
  parse,
  switchoverRequest,
  takeoverRequest,
  type Place,
  type SwitchoverResult,
} from '@hotstandby/contracts';
import type { ForcedEnd, HandOverEnd, HandOverRule, LeaseState } from '@hotstandby/core/lease';
import type { Policy } from '@hotstandby/core/policy';
import type { Bus, Logger } from '@hotstandby/ports';
import { askPeer, refusal } from './switchover.ts';

export interface HandOverAsked {
  rule: HandOverRule;
  evidence: Record<string, unknown>;
  operator: string | null;
  reason: string;
}

export interface OperatorDeskParts {
  bus: Bus;
  log: Logger;
  place: Place;
  peer: Place;
  kind: 'primary' | 'secondary';
  policy: Policy;
  /** As of now. */
  state: () => LeaseState;
  paused: () => boolean;
  standby(): { name: string; primary: boolean } | null;
  /** Critical services of the other node that are not well. */
  peerUnwell(): { service: string; what: string }[];
  handOver(asked: HandOverAsked): Promise<HandOverEnd>;
  force: (asked: { operator: string; reason: string; epoch: number | null }) => Promise<ForcedEnd>;
}

const asked = 'asked for by an operator';

/** What operators ask of the roles: each is answered when it has ended, one way or the other. */
export class OperatorDesk {
  readonly #parts: OperatorDeskParts;

  constructor(parts: OperatorDeskParts) {
    this.#parts = parts;
  }

  async switchover(payload: unknown): Promise<SwitchoverResult> {
    const { place, peer, bus, state } = this.#parts;
    const { operator, reason, forwarded } = parse(switchoverRequest, payload, 'a switchover request');
    const { role } = state();
    if (role !== 'active') {
      if (forwarded) return refusal('HS_NOT_ACTIVE', `${place.node} is ${role}`);
      return askPeer(bus, peer, 'switchover', { operator, reason });
    }
    return this.#handOver({ rule: 'hand-over', evidence: {}, operator, reason: reason || asked });
  }

  /** Back to the primary; without `force` under the same conditions as by itself. */
  async failback(payload: unknown): Promise<SwitchoverResult> {
    const { place, peer, bus, kind, policy, state } = this.#parts;
    const { operator, reason, force, forwarded } = parse(failbackRequest, payload, 'a failback request');
    const { role } = state();
    if (role !== 'active') {
      if (forwarded) return refusal('HS_NOT_ACTIVE', `${place.node} is ${role}`);
      return askPeer(bus, peer, 'failback', { operator, reason, force });
    }
    if (kind === 'primary') {
      const message = `${place.node} is the primary and is active already`;
      return { done: true, code: null, message, from: place.node, to: place.node };
    }
    const standby = this.#parts.standby();
    if (!standby?.primary)
      return refusal('HS_NO_STANDBY', `${peer.node}, the primary, is not there as the registered standby`);
    if (!force) {
      if (policy.failback === 'never') return refusal('HS_FAILBACK_NEVER', 'policy.failback is never');
      if (this.#parts.paused()) return refusal('HS_PAUSED', 'no failback during a pause without --force');
      const [first] = this.#parts.peerUnwell();
      if (first) return refusal('HS_NO_STANDBY', `${first.service} of ${peer.node} is not well: ${first.what}`);
    }
    return this.#handOver({
      rule: 'failback',
      evidence: {},
      operator,
      reason: reason || asked,
    });
  }

  /** The operator of this very node takes the lease for it. */
  async takeover(payload: unknown): Promise<SwitchoverResult> {
    const { place, log, force } = this.#parts;
    const { operator, reason, epoch } = parse(takeoverRequest, payload, 'a takeover request');
    log.warn('an operator takes the lease for this node', { operator, reason, epoch });
    const ended = await force({ operator, reason, epoch });
    if (!ended.done) return refusal(ended.code, ended.message);
    return { done: true, code: null, message: ended.message, from: null, to: place.node };
  }

  async #handOver(what: HandOverAsked): Promise<SwitchoverResult> {
    const ended = await this.#parts.handOver(what);
    if (!ended.done) return refusal(ended.code, ended.message);
    return { done: true, code: null, message: `${ended.to} is active`, from: this.#parts.place.node, to: ended.to };
  }
}
