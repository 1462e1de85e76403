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
export type FaultKind = (typeof faultKinds)[number];
