/** One thing that a transition records. */
export interface EvidenceNote {
  meaning: string;
  /** In a history, with the value for `{}`. */
  words: string;
  /** How the value is told: a duration in ms, a node by its id, or as it is. */
  as: 'duration' | 'node' | 'value';
}

/** Every key of the evidence beside a transition. Keys are permanent, like rule ids. */
export const evidenceNotes = {
  kind: {
    meaning: 'Which node of the pair this is: the primary goes first, when nobody ever held the lease.',
    words: 'this is the {}',
    as: 'value',
  },
  silentMs: {
    meaning: "How long ago the claimer last saw the holder's counter change.",
    words: 'silent for {}',
    as: 'duration',
  },
  lastCount: { meaning: "The holder's counter, as it stood all that time.", words: 'counter {}', as: 'value' },
  takeoverWaitMs: {
    meaning: 'How long a claimer had to wait: longer than any grant can last, on whichever clock.',
    words: 'take-over wait {}',
    as: 'duration',
  },
  from: { meaning: 'The node that let go of the lease.', words: 'from {}', as: 'node' },
  epoch: { meaning: 'The epoch that it is about.', words: 'epoch {}', as: 'value' },
  freeForMs: { meaning: 'For how long the lease was seen free.', words: 'free for {}', as: 'duration' },
  lastHolder: { meaning: 'The node that held it last.', words: 'last held by {}', as: 'node' },
  earlierIncarnation: {
    meaning: 'The incarnation of this node that held the lease and is gone.',
    words: 'earlier incarnation {}',
    as: 'value',
  },
  handedTo: { meaning: 'The node that should have claimed.', words: 'handed to {}', as: 'node' },
  holder: { meaning: 'The node that the store names as the holder.', words: 'held by {}', as: 'node' },
  standby: { meaning: 'The node that the store names as the standby.', words: 'standby {}', as: 'node' },
  membership: {
    meaning: "The number of the standby's place, raised by each change of it.",
    words: 'membership {}',
    as: 'value',
  },
  doubt: {
    meaning: 'Why the store was not believed: its server is on another timeline, or it shows less than was seen.',
    words: 'the store: {}',
    as: 'value',
  },
  place: { meaning: "The claimer's place in the reign that it remembers.", words: 'as its {}', as: 'value' },
  seenEpoch: { meaning: 'The epoch that the store shows.', words: 'it says epoch {}', as: 'value' },
  rememberedEpoch: {
    meaning: 'The highest epoch that the claimer remembers.',
    words: 'epoch {} remembered',
    as: 'value',
  },
  otherHeard: {
    meaning:
      'Whether the other node of that reign said what it remembers. When not, at least 1000 epochs are left out.',
    words: 'other node heard: {}',
    as: 'value',
  },
  claimedOn: {
    meaning: 'The timeline in which the reign in the store was claimed.',
    words: 'claimed on {}',
    as: 'value',
  },
  timeline: { meaning: 'The timeline that the server goes on with.', words: 'server on {}', as: 'value' },
  waitedMs: { meaning: 'How long the claimer waited.', words: 'waited {}', as: 'duration' },
  suspendedMs: {
    meaning: 'For how long the machine was suspended: what the boot-time clock is ahead by.',
    words: 'suspended for {}',
    as: 'duration',
  },
  deadlineInMs: {
    meaning: 'How much of the grant was left; below zero: it had ended already.',
    words: '{} of the grant left',
    as: 'duration',
  },
  assumed: { meaning: 'What the operator who forced a take-over vouched for.', words: 'assumed: {}', as: 'value' },
  why: { meaning: 'The reason that the operator gave.', words: 'because: {}', as: 'value' },
  services: {
    meaning: 'The critical services that could not do their job, each with what was wrong.',
    words: 'unwell: {}',
    as: 'value',
  },
  healthyForMs: {
    meaning: 'For how long the standby had been registered and well without interruption.',
    words: 'standby healthy for {}',
    as: 'duration',
  },
  reignedMs: { meaning: 'For how long this node had been active.', words: 'active for {}', as: 'duration' },
  handOversBefore: {
    meaning: 'How many times in the last six hours a node of the pair had handed over by itself.',
    words: '{} hand-overs by themselves before',
    as: 'value',
  },
} as const satisfies Record<string, EvidenceNote>;

export type EvidenceKey = keyof typeof evidenceNotes;
