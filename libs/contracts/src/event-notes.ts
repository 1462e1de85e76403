import type { EventType } from './events.ts';

/** Which services tell a fact, and when. Printed in `docs/events.md`. */
export const eventNotes: Readonly<Record<EventType, { by: string; when: string }>> = {
  'role.changing': {
    by: 'arbiter',
    when: 'Before a transition: a planned one waits for its listeners, an unplanned one does not.',
  },
  'role.changed': {
    by: 'arbiter',
    when: "After a transition. Its id is the history's; `epoch` and `rule` stand in the envelope, too.",
  },
  'lease.granted': { by: 'arbiter', when: 'The store granted a claim; `claimMs` is the round trip.' },
  'lease.fenced': { by: 'arbiter', when: 'The active let go without being asked to.' },
  'lease.released': {
    by: 'arbiter',
    when: 'The active released the lease as planned; `to` is the node id of who shall have it.',
  },
  'beat.missed': {
    by: 'heartbeat',
    when: 'A beat or look had no answer: told at the 1st, 2nd, 4th, 8th ... in a row.',
  },
  'clock.suspended': {
    by: 'arbiter',
    when: 'The machine was suspended (its boot-time clock went on, its monotonic one stood still): an active fences.',
  },
  'clock.stepped': {
    by: 'arbiter',
    when: 'The wall clock was set by more than 100 ms, by hand, by a time service, or after a pause of the whole machine. Forwards the grant is confirmed by a beat at once.',
  },
  'store.lost': { by: 'arbiter', when: 'No answer of the store for three take-over waits, 1 s at least.' },
  'store.found': { by: 'arbiter', when: 'It answers again.' },
  'store.foreign': {
    by: 'arbiter',
    when: 'The store belongs to another cluster, or is not the one that this node was set up with.',
  },
  'store.went-back': {
    by: 'arbiter',
    when: 'The store shows an epoch, or a membership, below one that a node has seen: it forgot commits.',
  },
  'store.other-timeline': {
    by: 'arbiter',
    when: 'The server goes on with another history than the one in which the reign was claimed (a promoted replica, a restored backup), so commits may be lost.',
  },
  'store.unsettled': {
    by: 'arbiter',
    when: 'Nobody has re-based the lease above what the store forgot for 10 s, or five times the time after which a standby counts as lost: an operator must act.',
  },
  'peer.lost': {
    by: 'arbiter',
    when: 'The standby saw no sign of life of the active for the take-over wait and claims. The claim fails when it beat at last.',
  },
  'peer.found': { by: 'arbiter', when: 'Reserved; nothing tells it yet.' },
  'standby.registered': { by: 'arbiter', when: 'The active registered a standby: the pair is redundant.' },
  'standby.lost': { by: 'arbiter', when: 'The standby was silent for too long and lost its place.' },
  'standby.refused': { by: 'arbiter', when: 'This node waits: the cluster has a standby already.' },
  'pause.begun': {
    by: 'arbiter',
    when: 'An operator paused the pair, or changed the end of the pause. Told by the active, or where it is silent by the standby.',
  },
  'pause.ended': { by: 'arbiter', when: 'The pause is over: its time had come, or an operator resumed.' },
  'policy.waiting': {
    by: 'arbiter',
    when: 'The active should hand over by a policy and does not: why. Told once for each reason.',
  },
  'policy.mismatch': { by: 'arbiter', when: "The other node's policy differs from this one's in the named fields." },
  'workload.failed': {
    by: 'arbiter',
    when: 'A check of the managed application failed as often in a row as it may (`workload.checks`), on the active or the standby.',
  },
  'workload.recovered': { by: 'arbiter', when: 'It passes again.' },
  'listener.late': { by: 'arbiter', when: 'A listener did not answer within its deadline.' },
  'binding.bound': {
    by: 'network-binding',
    when: 'The virtual addresses are on this host, or the virtual name leads to it.',
  },
  'binding.released': { by: 'network-binding', when: 'They were taken off.' },
  'binding.failed': {
    by: 'network-binding',
    when: 'They cannot be bound, announced or taken off, or the name cannot be changed.',
  },
  'sync.completed': { by: 'file-sync', when: 'The standby has the files of the active.' },
  'sync.failed': { by: 'file-sync', when: 'They could not be brought.' },
  'sync.conflict': {
    by: 'file-sync',
    when: 'A file had been changed on the standby, too; its version was kept aside.',
  },
  'collector.listening': { by: 'collector', when: 'A telemetry port is open.' },
  'collector.delivering': { by: 'collector', when: 'Deliveries to the database began; `consumer` names the tenure.' },
  'collector.dropped': {
    by: 'collector',
    when: 'Telemetry was lost, at most one event every 3 s for each kind and place.',
  },
  'collector.refused': {
    by: 'collector',
    when: 'Telemetry of a source was not taken: it is not on the list, or sent more than it may; a connection was closed. Once an hour for each source and reason; without `source`: of all for which there is no room to count them one by one.',
  },
  'collector.failed': { by: 'collector', when: 'A port, NATS or the database keeps it from its job.' },
  'sender.stale': {
    by: 'collector, console',
    when: 'Somebody sends to this node, which is not active, although one address or name (`instead`) leads to the active. At most once an hour for each sender.',
  },
  'mail.sent': { by: 'notifier', when: 'The SMTP server took a mail.' },
  'mail.failed': { by: 'notifier', when: 'It did not, or not for every recipient.' },
  'service.started': { by: 'every service', when: 'Its process runs; `instance` is new with each.' },
  'service.stopped': { by: 'every service', when: 'It stopped as asked.' },
  'service.failed': { by: 'every service', when: 'It ends because of a fault.' },
};
