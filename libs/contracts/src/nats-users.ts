import { serviceNames } from './services.ts';

/** Everybody who has a key of a node's NATS server; `cli` is the operator, `subscriber` an outsider who reads events. */
export const natsUsers = [...serviceNames, 'cli', 'subscriber'] as const;
export type NatsUser = (typeof natsUsers)[number];

/** Where answers to a user's requests come: nobody else may listen there, and they find their node across the leaf. */
export const inboxPrefix = (node: string, user: NatsUser): string => `_INBOX.${node}.${user}`;
