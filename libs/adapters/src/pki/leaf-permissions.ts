import { streams, subjects, type Place } from '@hotstandby/contracts';
import { requestsFromPeer } from './permissions.ts';

/**
 * What may come over the leaf to a node: the peer's own facts, requests that the peer may make, answers, and what the
 * peer's server needs to source the ops stream. Nothing that is the node's own to say is among it.
 *
 * Interest is held to the same list, literally: a wildcard in the place of the node's name does not cross the leaf, so
 * services listen to each node by its name. A denial beside the list would be more lenient, but on nats-server 2.9 a
 * wildcard that overlaps a denied subscription silences the denied subjects in the other direction as well (seen).
 *
 * nats-server 2.9 enforces this where a message leaves: it holds against everybody who has a key of the other node's
 * server, not against somebody who took the leaf's own key and secret from that machine.
 */
export function arrivingAt(own: Place, peer: Place): string[] {
  return [
    `hs.${peer.cluster}.${peer.node}.>`,
    ...requestsFromPeer(own),
    subjects.frame(own),
    `_INBOX.${own.node}.>`,
    // To make the consumers that the peer's server reads our events and our INGEST with, and nothing else of the API.
    ...[streams.ops, streams.ingest, streams.templates].flatMap((stream) => [
      `$JS.${own.node}.API.CONSUMER.CREATE.${stream}`,
      `$JS.${own.node}.API.CONSUMER.CREATE.${stream}.>`,
    ]),
    // The answers to the same requests of ours, what they bring, and the flow control of the peer's reading.
    '$JSC.R.>',
    '$JS.S.>',
    '$JS.M.>',
    `$JS.FC.${streams.ops}.>`,
    `$JS.FC.${streams.ingest}.>`,
    `$JS.FC.${streams.templates}.>`,
  ];
}

/** What the secondary refuses by itself to take, whatever the primary is set up to send: the right to be active. */
export const neverFromPeer = (own: Place): string[] => [subjects.grant(own), subjects.permit(own)];

/** The parts of a node's JetStream API that are nobody's business on the other side, for servers that only know denials. */
export function closedApi(own: Place): string[] {
  const api = (what: string): string => `$JS.${own.node}.API.${what}`;
  const verbs = ['INFO', 'DELETE', 'LIST', 'NAMES', 'DURABLE', 'MSG', 'LEADER'];
  return [
    ...['STREAM.>', 'DIRECT.>', 'META.>', 'ACCOUNT.>', 'SERVER.>', '$KV.>', '$OBJ.>', 'INFO'].map(api),
    ...verbs.map((verb) => api(`CONSUMER.${verb}.>`)),
  ];
}
