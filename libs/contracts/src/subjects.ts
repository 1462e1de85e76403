import type { ServiceName } from './services.ts';

/** Where a service stands: cluster and node are names of letters, digits, `-` and `_` (one token of a NATS subject each). */
export interface Place {
  cluster: string;
  node: string;
}

/**
 * Every subject on the bus: `hs.<cluster>.<node>.<service>.<what>`. The third and fourth token say who may publish it;
 * the NATS permissions of each service's user are made from them. What ends in a verb is a request.
 */
export const subjects = {
  /** heartbeat: what one round trip to the store showed. */
  observation: (at: Place) => `hs.${at.cluster}.${at.node}.heartbeat.observation`,
  /** Request to heartbeat: carry out one lease statement for the arbiter. */
  execute: (at: Place) => `hs.${at.cluster}.${at.node}.heartbeat.execute`,
  /** heartbeat: the peer promised, over their own connection. */
  promised: (at: Place) => `hs.${at.cluster}.${at.node}.heartbeat.promised`,
  /** Request of heartbeat to the arbiter: the peer asks for a promise. */
  promise: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.promise`,
  /** arbiter: under which epoch and until when heartbeat may beat. */
  permit: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.permit`,
  /** arbiter: the grant that every service's role gate holds. */
  grant: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.grant`,
  /** arbiter to the peer's arbiter: the lease was released to you, look now. */
  released: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.released`,
  /** Requests to the arbiter. */
  describe: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.describe`,
  switchover: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.switchover`,
  failback: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.failback`,
  pause: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.pause`,
  resume: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.resume`,
  /** Of this node's own operator only: it does not cross to the peer. */
  takeover: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.takeover`,
  registerListener: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.listeners.register`,
  deregisterListener: (at: Place) => `hs.${at.cluster}.${at.node}.arbiter.listeners.deregister`,
  /** Request of the arbiter to a registered listener. */
  prepare: (at: Place, listener: string) => `hs.${at.cluster}.${at.node}.listener.${listener}.prepare`,
  /** Any service: how it is doing, every second and on change. */
  status: (at: Place, service: ServiceName) => `hs.${at.cluster}.${at.node}.${service}.status`,
  /** arbiter: how the managed application is, told like a service's status. */
  workloadStatus: (at: Place) => `hs.${at.cluster}.${at.node}.workload.status`,
  anyStatus: (at: Place) => `hs.${at.cluster}.${at.node}.*.status`,
  /** Any service: a CloudEvent of the given type; JetStream keeps it in the node's ops stream. */
  event: (at: Place, service: ServiceName, type: string) => `hs.${at.cluster}.${at.node}.${service}.event.${type}`,
  anyEvent: (at: Place) => `hs.${at.cluster}.${at.node}.*.event.>`,
  /** network-binding of the active: it falls silent for a planned hand-over now (read by the peer's network-binding). */
  handingOver: (at: Place) => `hs.${at.cluster}.${at.node}.network-binding.handing-over`,
  /** file-sync of the active: its files changed (read by the peer's file-sync). */
  filesChanged: (at: Place) => `hs.${at.cluster}.${at.node}.file-sync.changed`,
  /** file-sync of the standby: it has them (read by the peer's file-sync). */
  filesInstalled: (at: Place) => `hs.${at.cluster}.${at.node}.file-sync.installed`,
  /** collector: a flow template, the last one of its key; JetStream keeps them in the stream TEMPLATES of both nodes. */
  template: (at: Place, key: string) => `hs.${at.cluster}.${at.node}.collector.template.${key}`,
  /** Request to the collector: what the node received in a time. */
  census: (at: Place) => `hs.${at.cluster}.${at.node}.collector.census`,
  /** Request to the collector: one message of its INGEST (asked by the peer's collector, for what nobody has stored). */
  frame: (at: Place) => `hs.${at.cluster}.${at.node}.collector.frame`,
  /** collector: frames of datagrams; JetStream keeps them in the node's INGEST stream. */
  ingest: (at: Place) => `hs.${at.cluster}.${at.node}.collector.ingest`,
  /** collector: records of a kind (`syslog`, `trap`, `flow`); JetStream keeps them in the node's RECORDS stream, where that is configured. */
  records: (at: Place, kind: string) => `hs.${at.cluster}.${at.node}.collector.records.${kind}`,
} as const;

/** JetStream names on a node's own server. Its domain is the node's name. */
export const streams = {
  ops: 'OPS',
  ingest: 'INGEST',
  /** The mirror of the peer's INGEST. */
  ingestPeer: 'INGEST_PEER',
  /** The last flow template of each key, of both nodes. */
  templates: 'TEMPLATES',
  /** What was read in telemetry, for anybody's consumers. */
  records: 'RECORDS',
} as const;

/**
 * Durable readers of the ops stream (`ReadOptions.durableName`) and the service each belongs to: the NATS permissions keep
 * everybody else's hands off them.
 */
export const durableReaders: Readonly<Record<string, ServiceName>> = {
  notifier: 'notifier',
};
