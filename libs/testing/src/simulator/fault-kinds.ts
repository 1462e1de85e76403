/** What can befall a host, a service of it, the store or the lines between them. */
export const faultKinds = [
  'kill-host',
  'restart-host',
  'restart-arbiter',
  'restart-heartbeat',
  'restart-actor',
  'stop-host',
  'freeze-host',
  'freeze-arbiter',
  'freeze-heartbeat',
  'freeze-actor',
  /** Frozen or killed between two things that it does. */
  'freeze-at-output',
  'die-at-output',
  'cut-store',
  'lose-answers',
  /** Nobody but this host sees the store. */
  'blind-others',
  'cut-store-for-all',
  'slow-store',
  'late-statement',
  'fate',
  'release-fate',
  'cut-peers',
  /** From the store and from every other host. */
  'cut-off',
  'cut-peers-one-way',
  'slow-peers',
  'cut-bus',
  'store-restart',
  /** Restarted with the counters of some time ago; by chance this host does not see it for a while. */
  'store-forgets-beats',
  /** A replica takes over that lacks the last commits; by chance this host does not hear of it for a while. */
  'promote-replica',
  'stall-store',
  'switchover',
  'step-wall-clock',
  /** Whatever this host suffers ends now. */
  'mend',
] as const;

/** What a schedule has only with extras (`extras.ts`). */
export const extraKinds = [
  /** The machine sleeps: its monotonic clock stands still, its boot-time clock goes on. */
  'suspend-host',
  'pause',
  'resume',
  /** An operator who knows that nobody else is active takes the lease for this host. */
  'take-over',
  /** Who claimed dies at one of the first things that it does by it, and a replica takes over that lacks the claim. */
  'forget-claim',
  /** A second replica takes over right after the first. */
  'promote-again',
  /** A replica takes over that lacks the very first claim. */
  'forget-first-claim',
] as const;
export type ExtraKind = (typeof extraKinds)[number];

/** What a schedule has only with policies (`policies/`), beside some of the others. */
export const policyOnlyKinds = [
  /** The critical service says for some seconds that it cannot do its job. */
  'sick',
  'both-sick',
  /** It crashes, and is restarted, some times in a row. */
  'crash-loop',
  /** It runs and says nothing. */
  'mute',
  'ask-failback',
  /** The host loses its power, and with it what it wrote down last. */
  'power-cut',
] as const;
export type FaultKind = (typeof faultKinds)[number] | ExtraKind | (typeof policyOnlyKinds)[number];
export type PolicyKind = FaultKind;
