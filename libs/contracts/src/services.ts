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

export type ServiceName = (typeof serviceNames)[number];
