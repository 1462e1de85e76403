import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { grant as grantSchema, subjects, type Grant } from '@hotstandby/contracts';

/** CLOCK_MONOTONIC of this host in ms: the clock in which grants are dated. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface SeenGrant extends Grant {
  node: string;
  arrivedMs: number;
}

export interface WatchedNode {
  node: string;
  natsUrl: string;
  /** Folder with `<user>.nk`. */
  keysDir: string;
}

/** From when to when a node could act under an epoch, in ms of the monotonic clock. */
export interface Span {
  epoch: number;
  node: string;
  incarnation: string;
  fromMs: number;
  toMs: number;
}

/** Hears every grant of every node at the node's own NATS server, from outside, and remembers them all. */
export class GrantWatch {
  readonly seen: SeenGrant[] = [];
  readonly #connections: NatsConnection[] = [];

  /** Waits for ever for servers that are away, at first and later. */
  static async start(cluster: string, nodes: WatchedNode[]): Promise<GrantWatch> {
    const watch = new GrantWatch();
    await Promise.all(nodes.map((one) => watch.#listen(cluster, one)));
    return watch;
  }

  async #listen(cluster: string, { node, natsUrl, keysDir }: WatchedNode): Promise<void> {
    const seed = (await readFile(join(keysDir, 'console.nk'), 'utf8')).trim();
    const connection = await connect({
      servers: natsUrl,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
      name: 'scenario checker',
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      reconnectJitter: 20,
    });
    this.#connections.push(connection);
    connection.subscribe(subjects.grant({ cluster, node }), {
      callback: (error, message) => {
        if (error) return;
        this.seen.push({ ...grantSchema.parse(message.json()), node, arrivedMs: monotonicMs() });
      },
    });
    await connection.flush();
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

/**
 * One span for each epoch, in their order. It begins when the claim was sent (a grant's deadline less its life), which is
 * before its holder could act, and ends at the last deadline that was given, or when the holder itself revoked it. Both
 * are the holder's own times, so it does not matter how late they were heard. Throws when an epoch has two holders.
 */
export function spansOf(seen: readonly SeenGrant[], leaseTtlMs: number): Span[] {
  const spans = new Map<number, Span>();
  const current = new Map<string, Span | null>();
  for (const { node, epoch, incarnation, deadlineMs, arrivedMs } of seen) {
    if (epoch === null) {
      const open = current.get(node);
      // A revocation is dated with its own time, or still names the deadline of what it revokes.
      if (open && open.incarnation === incarnation) open.toMs = Math.min(open.toMs, deadlineMs, arrivedMs);
      current.set(node, null);
      continue;
    }
    const fromMs = Math.min(arrivedMs, deadlineMs - leaseTtlMs);
    const known = spans.get(epoch);
    if (known && (known.node !== node || known.incarnation !== incarnation))
      throw new Error(`epoch ${epoch} has two holders: ${JSON.stringify(known)} and ${node}/${incarnation}`);
    // The newer word of the same incarnation takes the place of its earlier one in every gate (a lease that is re-based).
    const replaced = current.get(node);
    if (replaced && replaced.epoch !== epoch && replaced.incarnation === incarnation)
      replaced.toMs = Math.min(replaced.toMs, fromMs);
    const span = known ?? { epoch, node, incarnation, fromMs, toMs: deadlineMs };
    span.toMs = deadlineMs;
    spans.set(epoch, span);
    current.set(node, span);
  }
  return [...spans.values()].toSorted((one, other) => one.epoch - other.epoch);
}

/** Sentences about every two epochs that were held at one instant: none in a pair that keeps its promise. */
export function overlapsOf(spans: readonly Span[]): string[] {
  return spans.flatMap((span, index) =>
    spans
      .slice(index + 1)
      .filter((later) => later.fromMs < span.toMs)
      .map(
        (later) =>
          `epoch ${span.epoch} of ${span.node} could act until ${span.toMs.toFixed(3)}, ` +
          `epoch ${later.epoch} of ${later.node} from ${later.fromMs.toFixed(3)}`,
      ),
  );
}
