import type { EvidenceKey } from './evidence-notes.ts';
import type { RuleId } from './messages.ts';

/** What a person wants to know of a rule beside its sentence. */
export interface RuleNote {
  /** What the transition records, in the order in which it is told. */
  evidence: readonly EvidenceKey[];
  /** What somebody who sees it can do. */
  operator: string;
  /** Where to read on: a page of `docs/` and its heading. */
  read: readonly (readonly [page: string, heading: string])[];
}

/** Shown by `hotstandby explain RULE` and printed into `docs/state-machine.md`: every rule of the table has one. */
export const ruleNotes = {
  'claim-never-held': {
    evidence: ['kind', 'waitedMs'],
    operator: 'Nothing: this is the very first start. Seen again later, the node is on a new, empty store.',
    read: [
      ['lease.md', 'Claims'],
      ['operating.md', 'A foreign store'],
    ],
  },
  'claim-silent-holder': {
    evidence: ['silentMs', 'lastCount', 'takeoverWaitMs'],
    operator:
      'This is a take-over. Find out why the other node fell silent (its log, its host, its way to the store), then start it again: it becomes the standby.',
    read: [
      ['lease.md', 'Waits'],
      ['operating.md', 'Alarms'],
    ],
  },
  'claim-handed-over': {
    evidence: ['from', 'epoch'],
    operator:
      'Nothing: a planned hand-over, or a clean stop of the other node. The transition before it says who asked.',
    read: [['lease.md', 'Hand-over']],
  },
  'claim-released': {
    evidence: ['freeForMs', 'lastHolder'],
    operator:
      'Nothing, when both nodes had been stopped. Otherwise the lease was let go of and the node that it was meant for did not take it: look at that node.',
    read: [
      ['lease.md', 'Claims'],
      ['operating.md', 'Start and stop'],
    ],
  },
  'claim-own-return': {
    evidence: ['earlierIncarnation'],
    operator:
      'The arbiter of this node was restarted before the standby could take over. When nobody restarted it, see why it ended.',
    read: [['lease.md', 'Claims']],
  },
  'claim-lone-holder-silent': {
    evidence: ['silentMs', 'lastCount', 'takeoverWaitMs'],
    operator:
      'This is a take-over by a node that was not registered: the holder ran without a standby. Start the other node again, and wait for `redundancy: ready`.',
    read: [['lease.md', 'Claims']],
  },
  'claim-rebase': {
    evidence: ['doubt', 'place', 'seenEpoch', 'rememberedEpoch', 'otherHeard', 'claimedOn', 'timeline', 'waitedMs'],
    operator:
      'The database lost commits, or may have: find out whether a replica was promoted or a backup restored, and what else is missing in it. The lease itself is sound again.',
    read: [
      ['lease.md', 'A store that forgets'],
      ['operating.md', 'The store went back in time'],
    ],
  },
  'claim-take-back': {
    evidence: ['handedTo', 'epoch'],
    operator:
      'The hand-over did not come about. Look at the node that should have taken over, above all at its way to the store, and try again.',
    read: [
      ['lease.md', 'Hand-over'],
      ['operating.md', 'Switchover'],
    ],
  },
  'claim-forced': {
    evidence: ['assumed', 'why', 'silentMs', 'lastHolder', 'lastCount', 'takeoverWaitMs'],
    operator:
      'Make sure that the former active is off or fenced before it reaches the network again: when it still had its standby for a voter, it went on being active.',
    read: [
      ['lease.md', 'Claims'],
      ['operating.md', 'Taking over by force'],
    ],
  },
  'resume-reign': {
    evidence: ['epoch'],
    operator:
      'The same reign goes on, and nothing has to be done. When it comes again and again, the host or the store stalls for longer than the profile allows: take a slower profile, or put less beside it.',
    read: [
      ['lease.md', 'Grants'],
      ['operating.md', 'Alarms'],
    ],
  },
  'fence-lapsing': {
    evidence: ['deadlineInMs'],
    operator:
      "Neither the store nor the standby answered in time. Look at this node's network and load first, then at the store.",
    read: [
      ['lease.md', 'Grants'],
      ['operating.md', 'Alarms'],
    ],
  },
  'fence-reign-over': {
    evidence: ['deadlineInMs'],
    operator:
      'Another node has claimed meanwhile, or this node was entered anew. The transition of the other node at this time says why it did.',
    read: [['lease.md', 'Fence']],
  },
  'fence-barred': {
    evidence: ['deadlineInMs'],
    operator: 'The node waits for a person: the store is not the one it knows, or is older than what it has seen.',
    read: [
      ['operating.md', 'The store went back in time'],
      ['operating.md', 'A foreign store'],
    ],
  },
  'standby-barred': {
    evidence: ['holder', 'standby', 'membership'],
    operator: 'The node waits for a person, and the pair has no standby until then: the store is not the one it knows.',
    read: [['operating.md', 'A foreign store']],
  },
  'hand-over': {
    evidence: ['handedTo', 'epoch'],
    operator: 'Nothing: somebody asked for it, or the node is being stopped. Operator and reason stand beside it.',
    read: [
      ['lease.md', 'Hand-over'],
      ['operating.md', 'Switchover'],
    ],
  },
  failback: {
    evidence: ['healthyForMs', 'reignedMs', 'handOversBefore', 'handedTo', 'epoch'],
    operator:
      'Nothing: the roles are where the configuration wants them (policy.failback), or an operator asked for it.',
    read: [
      ['lease.md', 'Policies'],
      ['operating.md', 'Failback'],
    ],
  },
  'health-hand-over': {
    evidence: ['services', 'healthyForMs', 'reignedMs', 'handOversBefore', 'handedTo', 'epoch'],
    operator:
      'A critical service of this node could not do its job, and was not brought back by restarts. See its log and mend it: until then the pair has no standby that could do the job.',
    read: [
      ['lease.md', 'Policies'],
      ['operating.md', 'Hand-over by health'],
    ],
  },
  registered: {
    evidence: ['holder', 'standby', 'membership'],
    operator: 'Nothing: from now on the pair is redundant.',
    read: [['lease.md', 'Membership']],
  },
  'fence-suspended': {
    evidence: ['deadlineInMs', 'suspendedMs'],
    operator:
      'The host was suspended. Switch suspending off on a node of the pair; when nobody has claimed meanwhile, the reign goes on by itself.',
    read: [['lease.md', 'Clocks']],
  },
  'fence-forgotten': {
    evidence: ['deadlineInMs'],
    operator:
      'Two reigns met on a database that had forgotten one of them: see how it came to that, and compare what both nodes stored. The node that remembers the higher epoch re-bases the lease.',
    read: [
      ['lease.md', 'A store that forgets'],
      ['operating.md', 'The store went back in time'],
    ],
  },
  'place-lost': {
    evidence: ['holder', 'standby', 'membership'],
    operator:
      'The active did not see this node beat for three take-over waits, or a new reign began. It is registered again by itself when its beats are seen; when not, look at its way to the store.',
    read: [
      ['lease.md', 'Membership'],
      ['operating.md', 'Alarms'],
    ],
  },
  refused: {
    evidence: ['holder', 'standby', 'membership'],
    operator: 'A third node, or a copy of one. Stop it, or stop the standby whose place it shall have.',
    read: [
      ['lease.md', 'Membership'],
      ['operating.md', 'Alarms'],
    ],
  },
  'place-free': {
    evidence: ['holder', 'standby', 'membership'],
    operator: 'Nothing: the node is registered within a few beats.',
    read: [['lease.md', 'Membership']],
  },
  'reign-passed': {
    evidence: ['holder', 'standby', 'membership'],
    operator: 'Nothing: the former active knows of the new one and becomes its standby within a few beats.',
    read: [['lease.md', 'Membership']],
  },
} as const satisfies Record<RuleId, RuleNote>;
