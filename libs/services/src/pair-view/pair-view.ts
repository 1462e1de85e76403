import {
  arbiterDescription,
  parse,
  subjects,
  version,
  type ArbiterDescription,
  type NodeStatus,
  type PairStatus,
  type Place,
} from '@hotstandby/contracts';
import type { NodeConfig } from '@hotstandby/config';
import type { Bus, Clock, Logger, RecordReader, Unsubscribe } from '@hotstandby/ports';
import { activeOf } from './active-of.ts';
import { apiError, within } from './faults.ts';
import { StatusBoard } from './status-board.ts';

export interface PairParts {
  bus: Bus;
  clock: Clock;
  config: Pick<NodeConfig, 'cluster' | 'node' | 'peer' | 'http'>;
  log: Logger;
  records: RecordReader;
}

/** All there is to know but the events. */
export type PairLook = Omit<PairStatus, 'events'>;

/** How long the peer may take over the leaf: an answer on the same network takes milliseconds. */
const peerTimeoutMs = 600;
const ownTimeoutMs = 800;
const storeTimeoutMs = 1200;

/** Both nodes as one of them sees them. Nothing it asks takes longer than the store's time-out. */
export class PairView {
  readonly #parts: PairParts;
  readonly #own: Place;
  readonly #peer: Place;
  readonly #boards: Record<'own' | 'peer', StatusBoard>;
  #unsubscribes: Unsubscribe[] = [];
  /** A store that hangs is not asked again before it has answered. */
  #counting: Promise<PairStatus['store']['records']> | null = null;

  constructor(parts: PairParts) {
    const { config, clock } = parts;
    this.#parts = parts;
    this.#own = { cluster: config.cluster, node: config.node.name };
    this.#peer = { cluster: config.cluster, node: config.peer.name };
    this.#boards = { own: new StatusBoard(clock), peer: new StatusBoard(clock) };
  }

  start(): void {
    const { bus, log } = this.#parts;
    let garbled = false;
    const listen = (place: Place, board: StatusBoard) =>
      bus.subscribe(subjects.anyStatus(place), (payload, subject) => {
        try {
          board.take(payload);
        } catch (error) {
          if (!garbled) log.warn("a service's status is not understood", { subject, error: String(error) });
          garbled = true;
        }
      });
    this.#unsubscribes = [listen(this.#own, this.#boards.own), listen(this.#peer, this.#boards.peer)];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribes.splice(0)) unsubscribe();
  }

  /** Names of the services that were heard so far, of the own node and of the peer. */
  heard(): [own: string[], peer: string[]] {
    const names = (board: StatusBoard) => board.seen().map(({ service }) => service);
    return [names(this.#boards.own), names(this.#boards.peer)];
  }

  /** Asks both arbiters; never rejects. */
  async nodes(): Promise<[own: NodeStatus, peer: NodeStatus]> {
    const { config } = this.#parts;
    const [own, peer] = await Promise.all([
      this.#describe(this.#own, ownTimeoutMs),
      this.#describe(this.#peer, peerTimeoutMs),
    ]);
    return [
      { name: config.node.name, address: config.node.address, asked: true, ...own, services: this.#boards.own.seen() },
      {
        name: config.peer.name,
        address: config.peer.address,
        asked: false,
        ...peer,
        services: this.#boards.peer.seen(),
      },
    ];
  }

  /** Asks everybody; never rejects. */
  async look(): Promise<PairLook> {
    const { bus, clock, config } = this.#parts;
    const [nodes, store] = await Promise.all([this.nodes(), this.#store()]);
    const arbiters = nodes.flatMap(({ arbiter }) => (arbiter ? [arbiter] : []));
    const active = activeOf(nodes);
    return {
      cluster: config.cluster,
      at: new Date(clock.wallMs()).toISOString(),
      version,
      active: active && { ...active, consolePort: active.consolePort || config.http.console },
      epoch: arbiters.length > 0 ? Math.max(...arbiters.map(({ epoch }) => epoch)) : null,
      redundancy: redundancyOf(arbiters),
      bus: { connected: bus.connected() },
      store,
      nodes,
    };
  }

  async #describe(place: Place, timeoutMs: number): Promise<Pick<NodeStatus, 'arbiter' | 'fault'>> {
    try {
      const answer = await this.#parts.bus.request(subjects.describe(place), {}, timeoutMs);
      return { arbiter: parse(arbiterDescription, answer, "the arbiter's description"), fault: null };
    } catch (error) {
      return { arbiter: null, fault: apiError(error) };
    }
  }

  async #store(): Promise<PairStatus['store']> {
    this.#counting ??= this.#parts.records.counts().finally(() => (this.#counting = null));
    const late = { code: 'HS_STORE_UNREACHABLE', message: `no answer within ${storeTimeoutMs} ms` } as const;
    try {
      const records = await within(this.#parts.clock, storeTimeoutMs, this.#counting, late);
      return { reachable: true, records, fault: null };
    } catch (error) {
      return { reachable: false, records: null, fault: apiError(error) };
    }
  }
}

/** The active's word counts; without one nothing is known, because a standby does not know what the active sees. */
function redundancyOf(arbiters: ArbiterDescription[]): PairStatus['redundancy'] {
  const [active] = arbiters.filter(({ role }) => role === 'active').toSorted((one, other) => other.epoch - one.epoch);
  return active?.redundancy ?? arbiters.find(({ redundancy }) => redundancy === 'lost')?.redundancy ?? 'unknown';
}
