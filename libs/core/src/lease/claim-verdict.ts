import type { ClaimRule } from './state.ts';

/** `now`: claim under this rule. `wait`: it may claim then, if nothing changes. `no`: not as things stand. */
export type ClaimVerdict =
  | { may: 'now'; rule: ClaimRule; evidence: Record<string, unknown> }
  | { may: 'wait'; untilMs: number; why: string }
  | { may: 'no'; why: string };

export const failoverOff = 'failover is switched off on this node (policy.enabled: false)';
