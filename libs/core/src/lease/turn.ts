import type { LeaseEffect, LeaseFact, RuleId } from './messages.ts';
import { rules } from './rules.ts';
import type { Reign } from './store-view.ts';
import { holds, reignsAlone, remembersOf, serverRole, voter, type LeaseState } from './state.ts';

/** A reign is replaced whole, never changed, so its fields tell. */
function sameReign(one: Reign, other: Reign): boolean {
  return one === other || (Object.keys(one) as (keyof Reign)[]).every((field) => one[field] === other[field]);
}

/** One step in the making: the state so far and what is to be done. Lives for one call of `step`. */
export class Turn {
  state: LeaseState;
  readonly effects: LeaseEffect[] = [];
  readonly nowMs: number;

  constructor(state: LeaseState, nowMs: number) {
    this.state = state;
    this.nowMs = nowMs;
  }

  set(change: Partial<LeaseState>): void {
    this.state = { ...this.state, ...change };
  }

  fact(fact: LeaseFact): void {
    this.effects.push({ do: 'fact', fact });
  }

  /** To the node's own disk, when it is new: the reign that is believed, and the highest epoch known of, which may be above it. */
  remember(reign: Reign, epoch: number): void {
    const { remembered, highestEpoch } = this.state;
    const highest = Math.max(highestEpoch, reign.epoch, epoch);
    if (highest === highestEpoch && remembered && sameReign(reign, remembered)) return;
    this.set({ remembered: reign, highestEpoch: highest });
    this.effects.push({ do: 'remember', epoch: highest, reign });
  }

  /** A transition of the role by a rule of the table. */
  become(
    rule: RuleId,
    reason: string,
    more: { planned?: boolean; operator?: string | null; evidence?: Record<string, unknown> } = {},
  ): void {
    const from = this.state.role;
    const to = rules[rule].to;
    const epoch = this.state.grant?.epoch ?? this.state.view?.reign.epoch ?? 0;
    this.set({ role: to, reason });
    this.effects.push({
      do: 'transition',
      from,
      to,
      rule,
      reason,
      epoch,
      planned: more.planned ?? false,
      operator: more.operator ?? null,
      evidence: more.evidence ?? {},
    });
  }

  /** Lets go: the grant is gone before anybody is told why. */
  fence(rule: Extract<RuleId, `fence-${string}`>, reason: string, more: Record<string, unknown> = {}): void {
    const deadlineMs = this.state.grant?.deadlineMs ?? null;
    this.become(rule, reason, {
      evidence: { deadlineInMs: deadlineMs === null ? null : Math.round(deadlineMs - this.nowMs), ...more },
    });
    this.set({ grant: null });
    this.fact({ type: 'lease.fenced', data: { rule, reason } });
  }

  /** What heartbeat may do and what the gates may believe, as of now. */
  announce(permit: boolean): void {
    const { state } = this;
    const { role, grant, tenure, timing, self, view } = state;
    const granted = role === 'active' && grant ? grant.epoch : null;
    this.effects.push({
      do: 'grant',
      role,
      epoch: granted,
      deadlineMs: grant?.deadlineMs ?? this.nowMs,
      tenure: granted === null ? null : tenure,
    });
    const entered = view?.nodes.some((node) => node.nodeId === self.nodeId && node.incarnation === self.incarnation);
    // Without failover a node that does not reign gives no sign of life: nobody shall register it.
    if (permit && entered && !state.barred && (state.failover || reignsAlone(state))) {
      const epoch = holds(state) ? (view?.reign.epoch ?? null) : null;
      this.effects.push({
        do: 'permit',
        epoch,
        serverRole: serverRole(state),
        timeline: epoch === null || state.doubt ? null : (view?.reign.timeline ?? null),
        remembers: remembersOf(state),
        untilMs: this.nowMs + timing.leaseTtlMs,
        voter: epoch === null ? null : voter(state),
      });
    }
  }
}
