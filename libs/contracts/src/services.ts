/** The services of a node, in the order in which a person would name them. */
export const serviceNames = [
  'heartbeat',
  'arbiter',
  'network-binding',
  'file-sync',
  'collector',
  'notifier',
  'console',
] as const;

/** What stands beside the services in the status: the application that the pair protects, as the arbiter's checks find it. */
export const workload = 'workload';

export type ServiceName = (typeof serviceNames)[number];
