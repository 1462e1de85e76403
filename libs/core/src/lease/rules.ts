/**
 * Every transition of a role: permanent ids, each with its sentence. Events and the history store the id;
 * `docs/state-machine.md` is printed from this table.
 */
export const rules = {
  'claim-never-held': {
    from: ['starting'],
    to: 'active',
    sentence:
      'Nobody ever held the lease: the primary claims at once, or after takeoverWait where another node was before it; the secondary leaves it 2.5 s more.',
  },
  'claim-silent-holder': {
    from: ['standby'],
    to: 'active',
    sentence:
      "The registered standby saw the holder's counter unchanged for takeoverWait, since its own start and since its connection to the store was made, and claims.",
  },
  'claim-handed-over': {
    from: ['standby', 'starting', 'fenced'],
    to: 'active',
    sentence: 'The lease was released to this node, which claims without waiting.',
  },
  'claim-released': {
    from: ['standby', 'starting', 'fenced'],
    to: 'active',
    sentence:
      'The lease was seen free for takeoverWait, and this node is the registered standby, the last holder, or nobody is registered.',
  },
  'claim-own-return': {
    from: ['starting', 'standby', 'fenced'],
    to: 'active',
    sentence:
      "The store names this node's earlier incarnation as the holder; the lock on the data directory proves that it is gone, and takeoverWait has passed.",
  },
  'claim-lone-holder-silent': {
    from: ['starting', 'refused', 'fenced'],
    to: 'active',
    sentence: 'The holder was silent for takeoverWait and nobody is registered, so the store was its only voter.',
  },
  'claim-take-back': {
    from: ['fenced'],
    to: 'active',
    sentence: 'The node that the lease was handed to did not claim in time, and the releaser claims it again.',
  },
  'claim-forced': {
    from: ['starting', 'standby', 'refused', 'fenced'],
    to: 'active',
    sentence:
      'An operator took the lease for this node, assuming that the former active is dead or fenced; it had been silent for takeoverWait.',
  },
  'claim-rebase': {
    from: ['starting', 'standby', 'active', 'fenced', 'refused'],
    to: 'active',
    sentence:
      'The store forgot commits or may have: takeoverWait after that was first seen, the holder of the highest reign that anybody is known to remember, or its registered standby when that holder is silent, claims above it.',
  },
  'resume-reign': {
    from: ['fenced', 'starting', 'standby'],
    to: 'active',
    sentence: 'A beat under the own epoch succeeded: nobody has claimed, and the reign goes on.',
  },
  'fence-lapsing': {
    from: ['active'],
    to: 'fenced',
    sentence: 'No voter renewed the grant in time: the node lets go fenceLead before the grant ends.',
  },
  'fence-reign-over': {
    from: ['active'],
    to: 'fenced',
    sentence: 'The store answered a beat that the reign is over.',
  },
  'fence-barred': {
    from: ['active'],
    to: 'fenced',
    sentence: 'The node may take no part any more: the store is foreign.',
  },
  'standby-barred': {
    from: ['standby'],
    to: 'fenced',
    sentence: 'The standby may take no part any more: the store is foreign.',
  },
  'fence-forgotten': {
    from: ['active'],
    to: 'fenced',
    sentence:
      'Another node remembers a higher epoch than the store shows: the own reign was over, and the store forgot it.',
  },
  'fence-suspended': {
    from: ['active'],
    to: 'fenced',
    sentence:
      'The boot-time clock went on while the monotonic one stood still: the machine was suspended, and the grant may have ended unnoticed.',
  },
  'hand-over': {
    from: ['active'],
    to: 'fenced',
    sentence: 'The active let go as planned: listeners prepared, gate shut, lease released.',
  },
  failback: {
    from: ['active'],
    to: 'fenced',
    sentence: 'The active handed over to the primary, which is healthy again: by policy, or as an operator asked.',
  },
  'health-hand-over': {
    from: ['active'],
    to: 'fenced',
    sentence: 'The active cannot do its job, its standby can, and it handed over.',
  },
  registered: {
    from: ['starting', 'refused', 'fenced'],
    to: 'standby',
    sentence: 'The active registered this node as its standby, or it took its own place again.',
  },
  'place-lost': {
    from: ['standby'],
    to: 'starting',
    sentence: 'This node is not the registered standby any more and waits to be registered.',
  },
  refused: {
    from: ['starting', 'fenced'],
    to: 'refused',
    sentence: 'Another node holds the lease and another one is the registered standby: a cluster has one standby.',
  },
  'place-free': {
    from: ['refused'],
    to: 'starting',
    sentence: "The standby's place is free again, and this node waits to be registered.",
  },
  'reign-passed': {
    from: ['fenced'],
    to: 'starting',
    sentence: 'Another node holds the lease now; this one waits to be registered as its standby.',
  },
} as const satisfies Record<string, { from: readonly string[]; to: string; sentence: string }>;
