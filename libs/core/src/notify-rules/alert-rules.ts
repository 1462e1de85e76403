import type { Facts } from './facts.ts';

/** Which switch of the configuration turns an alert on. */
export type AlertTopic = 'takeover' | 'synchronisation' | 'selfMonitoring';

export interface Draft {
  topic: AlertTopic;
  kind: string;
  /** What it is about: the same kind about the same thing is not sent again for a while. */
  about: string;
  subject: string;
  /** One or two sentences: what happened. */
  what: string;
  /** What the reader should do. */
  advice: string;
  reason: string;
}

/** Of what came before, only whether the pair is known to lack its standby. */
export interface Before {
  standbyLost: boolean;
}

type Rule = (facts: Facts, before: Before) => Draft | null;

/** Every event type that can make an alert, with what it makes. */
export const alertRules: Readonly<Record<string, Rule>> = {
  'role.changed': (facts) => {
    if (facts.text('rule') === 'health-hand-over') return handedOverByHealth(facts);
    return facts.text('to') === 'active' ? becameActive(facts) : null;
  },
  'policy.waiting': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'policy-waiting',
    about: `${facts.node} ${facts.text('rule')}`,
    subject:
      facts.text('rule') === 'failback' ? `failback waits on ${facts.node}` : `${facts.node} cannot do its whole job`,
    what: `Node ${facts.node} is active and should hand over (${facts.text('rule')}), and does not.`,
    reason: facts.text('why'),
    advice: 'Mend what is named. The hand-over is made by itself as soon as it can be.',
  }),
  'policy.mismatch': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'policy-mismatch',
    about: 'policy',
    subject: 'the nodes are configured differently',
    what: `Node ${facts.node} and its peer ${facts.text('peer')} have different policies.`,
    reason: 'HS_POLICY_MISMATCH',
    advice: 'Give both nodes the same `policy`, and restart the arbiter of the one that changed.',
  }),
  'workload.failed': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'workload-failed',
    about: `${facts.node} ${facts.text('check')}`,
    subject: `the application on ${facts.node} fails: ${facts.text('check')}`,
    what: `The check "${facts.text('check')}" of the managed application failed on node ${facts.node}.`,
    reason: coded(facts),
    advice: 'Start it again. When it is the active whose application failed, a standby whose own is well takes over.',
  }),
  'pause.begun': (facts) => ({
    topic: 'takeover',
    kind: 'pause-begun',
    about: `pause ${facts.text('number')}`,
    subject: `paused until ${facts.text('endsAt')}`,
    what: `${facts.text('operator') || 'An operator'} paused the pair: until ${facts.text('endsAt')} nobody takes over, whatever fails.`,
    reason: facts.text('reason') || 'none was given',
    advice: 'Nothing, when you know of it. `hotstandby resume` ends it.',
  }),
  'pause.ended': (facts) => ({
    topic: 'takeover',
    kind: 'pause-ended',
    about: `pause ${facts.text('number')} ended`,
    subject: 'the pause is over',
    what: 'The pair fails over by itself again.',
    reason:
      facts.text('how') === 'resumed' ? `resumed by ${facts.text('operator') || 'an operator'}` : 'its time had come',
    advice: 'Nothing.',
  }),

  'sync.failed': (facts) => ({
    topic: 'synchronisation',
    kind: 'sync-failed',
    about: `${facts.node} ${facts.text('code')}`,
    subject: `files are not synchronised to ${facts.node}`,
    what: `Node ${facts.node} could not bring the files of the active. Its copy gets older until this is mended.`,
    reason: coded(facts),
    advice: facts.text('cure') || 'See the log of file-sync on the node.',
  }),
  'sync.conflict': (facts) => ({
    topic: 'synchronisation',
    kind: 'sync-conflict',
    about: facts.node,
    subject: `a synchronised file was changed on ${facts.node}`,
    what: `On ${facts.node} the file ${facts.text('path')} had been changed besides on the active. The active's is in place now.`,
    reason: `the other version was kept as ${facts.text('keptAs')}`,
    advice: 'Compare the two versions, and make changes on the active only.',
  }),

  'standby.lost': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'standby-lost',
    about: facts.text('standby') || facts.text('name'),
    subject: `standby ${facts.text('name')} is lost: no redundancy`,
    what: `The standby ${facts.text('name')} has given no sign of life. If the active ${facts.node} fails now, nobody takes over.`,
    reason: `silent for ${facts.number('silentMs') ?? '?'} ms`,
    advice: `Start ${facts.text('name')} again and look into its log and the network between the nodes and the store.`,
  }),
  'standby.registered': (facts, before) =>
    before.standbyLost
      ? {
          topic: 'selfMonitoring',
          kind: 'standby-back',
          about: facts.text('standby') || facts.text('name'),
          subject: `standby ${facts.text('name')} is there: redundant again`,
          what: `Node ${facts.text('name')} is registered as standby of ${facts.node}. The pair is redundant again.`,
          reason: 'a standby registered',
          advice: 'Nothing.',
        }
      : null,
  'store.lost': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'store-lost',
    about: 'store',
    subject: `the store does not answer ${facts.node}`,
    what: `Node ${facts.node} gets no answer from the store. Without it nobody can take over, and an active whose standby does not answer either ends its reign.`,
    reason: [facts.text('fault'), facts.text('message')].filter(Boolean).join(': '),
    advice: 'Check the database server and the network to it. The nodes go on by themselves when it answers again.',
  }),
  'store.went-back': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'store-went-back',
    about: 'store',
    subject: 'the store went back in time',
    what: `The store shows epoch ${facts.text('seenEpoch')}, but ${facts.node} has seen ${facts.text('highestEpoch')}: it was restored from a backup, or a replica that lacked data took over.`,
    reason: 'the store is older than what a node remembers',
    advice: 'See docs/operating.md, "The store went back in time", before anything else.',
  }),
  'store.other-timeline': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'store-other-timeline',
    about: 'store',
    subject: 'another database server took over as the store',
    what: `The store is on timeline ${facts.text('timeline')}; epoch ${facts.text('seenEpoch')} was claimed on ${facts.text('claimedOn')}. Node ${facts.node} has seen epoch ${facts.text('highestEpoch')}.`,
    reason: 'a replica was promoted or a backup restored, so commits may be lost',
    advice:
      'The nodes re-base the lease by themselves. See what else the database lost: docs/operating.md, "The store went back in time".',
  }),
  'store.unsettled': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'store-unsettled',
    about: 'store',
    subject: 'nobody can re-base the lease',
    what: `Node ${facts.node} waits: ${facts.text('waitingFor')}.`,
    reason: facts.text('doubt'),
    advice: 'Start the other node. When it is gone for good, see docs/operating.md, "The store went back in time".',
  }),
  'binding.failed': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'binding-failed',
    about: `${facts.node} ${facts.text('code')}`,
    subject: `the virtual address cannot be bound on ${facts.node}`,
    what: `Node ${facts.node} cannot do its part for the virtual address.`,
    reason: coded(facts),
    advice: facts.text('cure') || 'See docs/binding.md.',
  }),
  'service.failed': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'service-failed',
    about: `${facts.node} ${facts.text('service')}`,
    subject: `${facts.text('service')} failed on ${facts.node}`,
    what: `The service ${facts.text('service')} on ${facts.node} failed.`,
    reason: coded(facts),
    advice: `See the log of ${facts.text('service')} on ${facts.node}.`,
  }),
  'collector.dropped': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'collector-dropped',
    about: `${facts.node} ${facts.text('kind')} ${facts.text('where')}`,
    subject: `telemetry was dropped on ${facts.node}`,
    what: `Node ${facts.node} lost ${facts.text('count')} ${facts.text('kind')} datagrams (${facts.text('where')}).`,
    reason: 'more came than could be taken or kept',
    advice: 'Look at the rate of the sources, collector.receiveBufferBytes and the bounds of collector.ingest.',
  }),
  'collector.failed': (facts) => ({
    topic: 'selfMonitoring',
    kind: 'collector-failed',
    about: `${facts.node} ${facts.text('code')}`,
    subject: `the collector cannot do its job on ${facts.node}`,
    what: `The collector on ${facts.node} failed.`,
    reason: coded(facts),
    advice: facts.text('cure') || 'See the log of the collector on the node.',
  }),
};

function handedOverByHealth(facts: Facts): Draft {
  const { node, event } = facts;
  return {
    topic: 'takeover',
    kind: 'health-hand-over',
    about: `epoch ${event.epoch ?? event.id} handed over`,
    subject: `${node} hands over: it cannot do its job`,
    what: `Node ${node} handed over to its standby because a critical service failed.`,
    reason: facts.text('reason'),
    advice: `Mend the service on ${node}: until then there is no standby that could do the job.`,
  };
}

function becameActive(facts: Facts): Draft {
  const { node, event } = facts;
  const from = facts.text('from');
  const common = {
    topic: 'takeover' as const,
    // Every reign is a thing of its own: no take-over is ever kept quiet because of the one before.
    about: `epoch ${event.epoch ?? event.id}`,
    reason: facts.text('reason'),
  };
  if (facts.text('rule') === 'claim-forced') {
    return {
      ...common,
      kind: 'takeover',
      subject: `TAKE-OVER by force: ${node} is active`,
      what: `${facts.text('operator') || 'An operator'} took the lease for ${node}, assuming that the active before it is dead or fenced.`,
      advice: 'Make sure of that before the other node reaches the network again.',
    };
  }
  if (facts.flag('planned')) {
    const operator = facts.text('operator');
    return {
      ...common,
      kind: 'switchover',
      subject: `planned switchover: ${node} is active`,
      what: `Node ${node} is the active node now: the other one handed over as planned${operator ? `, asked for by ${operator}` : ''}.`,
      advice: 'Nothing, when you know of it.',
    };
  }
  if (from === 'standby') {
    return {
      ...common,
      kind: 'takeover',
      subject: `TAKE-OVER: ${node} is active`,
      what: `Node ${node} took over: the active node before it had fallen silent.`,
      advice: 'Find out why the other node fell silent and start it again: until it is back there is no redundancy.',
    };
  }
  return {
    ...common,
    kind: 'activation',
    subject: `${node} is active`,
    what: `Node ${node} became active${from ? ` (it was ${from})` : ''}.`,
    advice: 'Nothing after a start; otherwise see `hotstandby history` for what ended the reign before.',
  };
}

const coded = (facts: Facts): string => [facts.text('code'), facts.text('message')].filter(Boolean).join(': ');
