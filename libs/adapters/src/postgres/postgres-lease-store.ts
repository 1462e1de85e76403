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
  ReleaseRequest,
  StoreView,
} from '@hotstandby/ports';
import { LeaseConnection } from './lease-connection.ts';
import type { PostgresOptions } from './options.ts';
import { prepareSchema } from './prepare-schema.ts';
import { quoteName } from './quote.ts';

/** `lease_view()`. */
type StoredView = Omit<StoreView, 'storeIncarnation'> & { incarnation: string };

/** The store voter on PostgreSQL: each statement of the lease is one call of one function (`schema/lease-functions.ts`). */
export class PostgresLeaseStore implements LeaseStore {
  readonly #options: PostgresOptions;
  readonly #connection: LeaseConnection;
  readonly #schema: string;

  constructor(options: PostgresOptions) {
    this.#options = { applicationName: 'hotstandby lease', ...options };
    this.#connection = new LeaseConnection(this.#options);
    this.#schema = quoteName(options.store.schema);
  }

  prepare(): Promise<{ storeId: string }> {
    return this.#connection.inOrder(async () => {
      try {
        const { storeId, fsync } = await prepareSchema(this.#options, this.#connection.expected());
        if (!fsync)
          this.#options.log.warn('the store runs with fsync off: a crash of its machine forgets beats and claims');
        this.#connection.expect(storeId);
        return { storeId };
      } catch (error) {
        // Preparing again is harmless, so for the caller nothing has happened.
        const { message } = error as Error;
        throw error instanceof StoreError && error.fault === 'unknown' ? new StoreError('unreachable', message) : error;
      }
    });
  }

  async enter(request: EnterRequest): Promise<StoreView | null> {
    const view = await this.#call<StoredView>('lease_enter', [JSON.stringify(request)]);
    const { nodeId, incarnation } = request;
    const entered = view.nodes.some((row) => row.nodeId === nodeId && row.incarnation === incarnation);
    return entered ? viewOf(view) : null;
  }

  async beat(request: BeatRequest): Promise<BeatResult> {
    const { nodeId, incarnation, epoch, count, serverRole, timeline, remembers } = request;
    const { outcome, lastCount, view } = await this.#call<Omit<BeatResult, 'view'> & { view: StoredView }>(
      'lease_beat',
      [nodeId, incarnation, epoch, count, serverRole, timeline, remembers.epoch, remembers.membership],
    );
    return { outcome, lastCount, view: viewOf(view) };
  }

  async look(): Promise<StoreView> {
    return viewOf(await this.#call<StoredView>('lease_view', []));
  }

  async claim(request: ClaimRequest): Promise<Reign | null> {
    const { nodeId, incarnation, seen, seenHolderCount, timeline, storeIncarnation, rebase } = request;
    const above = rebase && JSON.stringify(rebase);
    const server = storeIncarnation ?? null;
    return this.#reign('lease_claim', [
      nodeId,
      incarnation,
      documentOf(seen),
      seenHolderCount,
      timeline,
      above,
      server,
    ]);
  }

  async register(request: RegisterRequest): Promise<Reign | null> {
    const { epoch, incarnation, membership, standby, standbyIncarnation, forget } = request;
    return this.#reign('lease_register', [epoch, incarnation, membership, standby, standbyIncarnation, forget]);
  }

  async readopt({ nodeId, incarnation, seen }: ReadoptRequest): Promise<Reign | null> {
    return this.#reign('lease_readopt', [nodeId, incarnation, documentOf(seen)]);
  }

  async release({ epoch, incarnation, handoverTo }: ReleaseRequest): Promise<Reign | null> {
    return this.#reign('lease_release', [epoch, incarnation, handoverTo]);
  }

  async pause({ seenNumber, forMs, operator, reason }: PauseRequest): Promise<Reign | null> {
    return this.#reign('lease_pause', [seenNumber, forMs, operator, reason]);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #reign(name: string, values: unknown[]): Promise<Reign | null> {
    return this.#call<Reign | null>(name, values);
  }

  /** A prepared statement: one message there, one back. */
  async #call<Answer>(name: string, values: unknown[]): Promise<Answer> {
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    const text = `select ${this.#schema}.${name}(${places}) as answer`;
    const [row] = await this.#connection.run<{ answer: Answer }>({ name, text, values });
    if (!row) throw new StoreError('unknown', `${name} gave no row`);
    return row.answer;
  }
}

function viewOf({ reign, nodes, pause, incarnation, timeline }: StoredView): StoreView {
  return { reign, nodes, pause, storeIncarnation: incarnation, timeline };
}

/** Exactly the fields that the store compares: it takes no document with more or fewer. */
function documentOf(seen: Reign): string {
  const { epoch, holder, holderIncarnation, lastHolder, standby, standbyIncarnation } = seen;
  const { membership, handoverTo, tenureEpoch, timeline } = seen;
  return JSON.stringify({
    epoch,
    holder,
    holderIncarnation,
    lastHolder,
    standby,
    standbyIncarnation,
    membership,
    handoverTo,
    tenureEpoch,
    timeline,
  });
}
