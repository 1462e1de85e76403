import {
  durableReaders,
  inboxPrefix,
  serviceNames,
  streams,
  subjects,
  type NatsUser,
  type Place,
  type ServiceName,
} from '@hotstandby/contracts';

export interface Permissions {
  publish: { allow: string[]; deny: string[] };
  subscribe: { allow: string[]; deny: string[] };
  /** May answer whoever asks it. */
  answers: boolean;
}

/** The subjects of requests that a service answers on its own node; everything else it has are facts that it tells. */
function requestsTo(service: ServiceName, at: Place): string[] {
  if (service === 'heartbeat') return [subjects.execute(at)];
  if (service === 'collector') return [subjects.census(at), subjects.frame(at)];
  if (service !== 'arbiter') return [];
  return [
    subjects.promise(at),
    subjects.describe(at),
    subjects.switchover(at),
    subjects.failback(at),
    subjects.pause(at),
    subjects.resume(at),
    subjects.takeover(at),
    subjects.registerListener(at),
    subjects.deregisterListener(at),
  ];
}

/** The requests that the peer's node may make of this one. */
export const requestsFromPeer = (at: Place): string[] => [
  subjects.describe(at),
  subjects.switchover(at),
  subjects.failback(at),
  subjects.pause(at),
  subjects.resume(at),
  subjects.census(at),
];

/**
 * What a user may say and hear. A service tells what stands under its own name (the third and fourth token of a subject)
 * and asks what is listed here; it may hear everything but what others are asked, so that nobody answers in their place.
 */
export function permissionsOf(user: NatsUser, own: Place, peer: Place): Permissions {
  const inbox = `${inboxPrefix(own.node, user)}.>`;
  const readEvents = streamReading(streams.ops);
  const readRecords = streamReading(streams.records);
  const handsOff = durablesOfOthers(user);
  if (user === 'subscriber')
    return {
      publish: { allow: [...readEvents, ...readRecords], deny: handsOff },
      subscribe: { allow: [inbox], deny: [] },
      answers: false,
    };
  const asks = [...requestsFromPeer(own), ...requestsFromPeer(peer)];
  const listens = [subjects.registerListener(own), subjects.deregisterListener(own)];
  if (user === 'cli') {
    const hears = [own, peer].flatMap((at) => [subjects.anyStatus(at), subjects.anyEvent(at)]);
    return {
      publish: { allow: [...asks, subjects.takeover(own), ...listens, ...readEvents], deny: handsOff },
      subscribe: { allow: [...hears, subjects.prepare(own, '*'), inbox], deny: [] },
      answers: true,
    };
  }
  const others = serviceNames.filter((service) => service !== user);
  const askedOfOthers = [
    ...others.flatMap((service) => requestsTo(service, own)),
    ...serviceNames.flatMap((service) => requestsTo(service, peer)),
    ...(user === 'collector' ? [] : [subjects.ingest(own)]),
    subjects.ingest(peer),
  ];
  return {
    publish: {
      allow: [
        `hs.${own.cluster}.${own.node}.${user}.>`,
        ...asks,
        ...listens,
        ...readEvents,
        ...extras(user, own, peer),
      ],
      deny: handsOff,
    },
    subscribe: { allow: [`hs.${own.cluster}.>`, inbox], deny: askedOfOthers },
    answers: true,
  };
}

function extras(service: ServiceName, own: Place, peer: Place): string[] {
  if (service === 'heartbeat') return [subjects.promise(own)];
  if (service === 'arbiter')
    return [
      subjects.execute(own),
      subjects.prepare(own, '*'),
      subjects.workloadStatus(own),
      ...streamKeeping(streams.ops),
    ];
  if (service === 'collector')
    return [
      // What the peer alone received; nobody else may read it.
      subjects.frame(peer),
      ...[streams.ingest, streams.ingestPeer, streams.templates, streams.records].flatMap((kept) => [
        ...streamKeeping(kept),
        ...streamReading(kept),
      ]),
    ];
  return [];
}

const streamKeeping = (stream: string): string[] => [
  `$JS.API.STREAM.CREATE.${stream}`,
  `$JS.API.STREAM.UPDATE.${stream}`,
];

/** The JetStream API as far as a reader needs it, in the forms of old and new clients. */
const streamReading = (stream: string): string[] => [
  '$JS.API.INFO',
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.>`,
  `$JS.API.CONSUMER.INFO.${stream}.>`,
  `$JS.API.CONSUMER.DELETE.${stream}.>`,
  `$JS.API.CONSUMER.LIST.${stream}`,
  `$JS.API.CONSUMER.NAMES.${stream}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.>`,
  `$JS.ACK.${stream}.>`,
  `$JS.ACK.*.*.${stream}.>`,
  `$JS.FC.${stream}.>`,
];

function durablesOfOthers(user: NatsUser): string[] {
  return Object.entries(durableReaders)
    .filter(([, service]) => service !== user)
    .flatMap(([name]) => [
      `$JS.API.CONSUMER.*.${streams.ops}.${name}`,
      `$JS.API.CONSUMER.*.${streams.ops}.${name}.>`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${streams.ops}.${name}`,
      `$JS.API.CONSUMER.MSG.NEXT.${streams.ops}.${name}`,
      `$JS.ACK.${streams.ops}.${name}.>`,
      `$JS.ACK.*.*.${streams.ops}.${name}.>`,
    ]);
}
