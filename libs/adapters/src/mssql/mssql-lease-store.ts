import { StoreError } from '@hotstandby/ports';
import type {
  BeatRequest,
  BeatResult,
  ClaimRequest,
  EnterRequest,
  LeaseStore,
  PauseRequest,
  ReadoptRequest,
  RegisterRequest,
  Reign,
  Remembered,
  ReleaseRequest,
  StoreView,
} from '@hotstandby/ports';
import { LeaseConnection } from './lease-connection.ts';
import { leaseStatements } from './lease-statements.ts';
import type { MssqlOptions } from './options.ts';
import { bigint, id, int, text, type Parameters } from './parameters.ts';
import { prepareSchema } from './prepare-schema.ts';
import { count, nodeRowOf, pauseOf, reignOf } from './rows.ts';
import type { ServerFacts } from './server-facts.ts';
import { looked, type Row } from './session.ts';

const outcomes = ['renewed', 'overtaken', 'other-timeline', 'ended'] as const;

/** The store voter on SQL Server: each statement of the lease is one batch of one transaction (`lease-statements.ts`). */
export class MssqlLeaseStore implements LeaseStore {
  readonly #options: MssqlOptions;
  readonly #statements: ReturnType<typeof leaseStatements>;
  readonly #connection: LeaseConnection;

  constructor(options: MssqlOptions) {
    this.#options = { applicationName: 'hotstandby lease', ...options };
    this.#statements = leaseStatements(options.store.schema);
    this.#connection = new LeaseConnection(this.#options, this.#statements);
  }

  prepare(): Promise<{ storeId: string }> {
    return this.#connection.inOrder(async () => {
      try {
        const { storeId, forgetful } = await prepareSchema(
          this.#options,
          this.#connection.expected(),
          this.#connection.ending(),
        );
        if (forgetful) {
          this.#options.log.warn('the database has DELAYED_DURABILITY = FORCED: a crash forgets beats and claims');
        }
        this.#connection.expect(storeId);
        return { storeId };
      } catch (error) {
        // Preparing again is harmless, so for the caller nothing has happened.
        throw looked(error);
      }
    });
  }

  async enter(row: EnterRequest): Promise<StoreView | null> {
    const { results, facts } = await this.#connection.run(this.#statements.enter, {
      node: id(row.nodeId),
      name: id(row.name),
      incarnation: id(row.incarnation),
      host: id(row.hostAddress),
      console_port: int(row.consolePort),
      nats_port: int(row.natsPort),
      role: id(row.serverRole),
      version: id(row.version),
      time_zone: id(row.timeZone),
      replaces: id(row.replaces),
      ...rememberedParameters(row.remembers),
    });
    const view = viewOf(results, facts);
    const entered = view.nodes.some(
      ({ nodeId, incarnation }) => nodeId === row.nodeId && incarnation === row.incarnation,
    );
    return entered ? view : null;
  }

  async beat(request: BeatRequest): Promise<BeatResult> {
    const { results, facts } = await this.#connection.run(this.#statements.beat, {
      node: id(request.nodeId),
      incarnation: id(request.incarnation),
      epoch: bigint(request.epoch),
      count: bigint(request.count),
      role: id(request.serverRole),
      timeline: id(request.timeline),
      ...rememberedParameters(request.remembers),
    });
    const [[said] = [], ...rest] = results;
    const outcome = outcomes.find((one) => one === said?.['outcome']);
    if (!said || !outcome) throw new StoreError('unknown', 'the store did not say what became of the beat');
    return { outcome, lastCount: count(said, 'lastCount'), view: viewOf(rest, facts) };
  }

  async look(): Promise<StoreView> {
    const { results, facts } = await this.#connection.run(this.#statements.view, null);
    return viewOf(results, facts);
  }

  async claim(request: ClaimRequest): Promise<Reign | null> {
    const { nodeId, incarnation, seen, seenHolderCount, timeline, storeIncarnation, rebase } = request;
    const parameters = {
      node: id(nodeId),
      incarnation: id(incarnation),
      holder_count: bigint(seenHolderCount),
      timeline: id(timeline),
      rebase_epoch: bigint(rebase?.epoch ?? null),
      rebase_membership: bigint(rebase?.membership ?? null),
      rebase_tenure: bigint(rebase?.tenureEpoch ?? null),
      ...seenParameters(seen),
    };
    return this.#reign(this.#statements.claim, parameters, storeIncarnation);
  }

  async register(request: RegisterRequest): Promise<Reign | null> {
    return this.#reign(this.#statements.register, {
      epoch: bigint(request.epoch),
      incarnation: id(request.incarnation),
      membership: bigint(request.membership),
      standby: id(request.standby),
      standby_incarnation: id(request.standbyIncarnation),
      forget: id(request.forget),
    });
  }

  async readopt({ nodeId, incarnation, seen }: ReadoptRequest): Promise<Reign | null> {
    const as = { node: id(nodeId), incarnation: id(incarnation) };
    return this.#reign(this.#statements.readopt, { ...as, ...seenParameters(seen) });
  }

  async release({ epoch, incarnation, handoverTo }: ReleaseRequest): Promise<Reign | null> {
    return this.#reign(this.#statements.release, {
      epoch: bigint(epoch),
      incarnation: id(incarnation),
      handover_to: id(handoverTo),
    });
  }

  async pause({ seenNumber, forMs, operator, reason }: PauseRequest): Promise<Reign | null> {
    return this.#reign(this.#statements.pause, {
      seen_number: bigint(seenNumber),
      for_ms: bigint(forMs),
      operator: text(operator),
      reason: text(reason),
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #reign(statement: string, parameters: Parameters, onlyOn?: string): Promise<Reign | null> {
    const { results } = await this.#connection.run(statement, parameters, onlyOn);
    const rows = results[0];
    if (!rows) throw new StoreError('unknown', 'the store did not say what became of the statement');
    return rows[0] ? reignOf(rows[0]) : null;
  }
}

function seenParameters(seen: Reign): Parameters {
  return {
    seen_epoch: bigint(seen.epoch),
    seen_holder: id(seen.holder),
    seen_holder_incarnation: id(seen.holderIncarnation),
    seen_last_holder: id(seen.lastHolder),
    seen_standby: id(seen.standby),
    seen_standby_incarnation: id(seen.standbyIncarnation),
    seen_membership: bigint(seen.membership),
    seen_handover_to: id(seen.handoverTo),
    seen_tenure_epoch: bigint(seen.tenureEpoch),
    seen_timeline: id(seen.timeline),
  };
}

function rememberedParameters({ epoch, membership }: Remembered): Parameters {
  return { remembers_epoch: bigint(epoch), remembers_membership: bigint(membership) };
}

function viewOf([nodes, reigns, pauses]: Row[][], { incarnation, timeline }: ServerFacts): StoreView {
  const reign = reigns?.[0];
  if (!nodes || !reign || !pauses) {
    throw new StoreError('unreachable', 'the store has no reign: its tables are not as they were made');
  }
  const pause = pauses[0] ? pauseOf(pauses[0]) : null;
  return { reign: reignOf(reign), nodes: nodes.map(nodeRowOf), pause, storeIncarnation: incarnation, timeline };
}
