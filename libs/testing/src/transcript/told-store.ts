import { StoreError } from '@hotstandby/ports';
import type {
  BeatRequest,
  BeatResult,
  ClaimRequest,
  Clock,
  EnterRequest,
  LeaseStore,
  PauseRequest,
  ReadoptRequest,
  RegisterRequest,
  Reign,
  ReleaseRequest,
  StoreView,
} from '@hotstandby/ports';
import { MemoryLeaseStore, type MemoryTables } from '../memory-lease-store/index.ts';
import type { NodeClock } from '../simulator/node-clock.ts';
import type { Script } from './script.ts';
import type { Words } from './words.ts';

/** The way from one node to the store; a scene changes it while it is used. */
export interface StoreWay {
  /** Nothing arrives, and nothing says so. */
  cut: boolean;
  /** What is asked arrives and is carried out; the answers to orders get lost. */
  answersLost: boolean;
}

export interface ToldStoreParts {
  name: string;
  tables: MemoryTables;
  way: StoreWay;
  /** The database does not run: every connection is refused. */
  down: () => boolean;
  trueClock: Clock;
  clock: NodeClock;
  timeoutMs: number;
  script: Script;
  words: Words;
}

const oneWayMs = 0.5;

/** One node's line to the store, which tells what is asked and what becomes of it. */
export class ToldStore implements LeaseStore {
  readonly #parts: ToldStoreParts;
  readonly #store: MemoryLeaseStore;
  #seenReign = '';
  #seenCounts = new Map<string, number>();

  constructor(parts: ToldStoreParts) {
    this.#parts = parts;
    const { tables, trueClock } = parts;
    this.#store = new MemoryLeaseStore(tables, {
      monotonicMs: () => trueClock.monotonicMs(),
      bootMs: () => trueClock.bootMs(),
      wallMs: () => trueClock.wallMs(),
      every: () => () => {},
      after(_delayMs, run) {
        run();
        return () => {};
      },
    });
  }

  prepare(): Promise<{ storeId: string }> {
    return this.#send(null, () => this.#store.prepare());
  }

  enter(row: EnterRequest): Promise<StoreView | null> {
    const { words } = this.#parts;
    return this.#order(
      `enter my row as incarnation ${words.incarnation(row.incarnation)}`,
      () => this.#store.enter(row),
      (view) => (view ? 'entered' : null),
    );
  }

  async beat(request: BeatRequest): Promise<BeatResult> {
    const { name, script } = this.#parts;
    const result = await this.#send('beat', () => this.#store.beat(request));
    const { outcome } = result;
    const seen = this.#whatIsNew(result.view);
    const under = request.epoch === null ? '' : ` under epoch ${request.epoch}`;
    const same = `beat${under} ${outcome}${this.#otherCounter(result.view)}`;
    script.say(name, `beat ${request.count}${under}: ${outcome}${this.#otherCounter(result.view, true)}${seen}`, {
      channel: `${name} beat`,
      same: seen === '' ? same : `${same}${seen}`,
    });
    this.#remember(result.view);
    return result;
  }

  async look(): Promise<StoreView> {
    const { name, script } = this.#parts;
    const view = await this.#send('look', () => this.#store.look());
    const seen = this.#whatIsNew(view);
    script.say(name, `look${seen || ': nothing new'}`, { channel: `${name} look`, same: `look${seen}` });
    this.#remember(view);
    return view;
  }

  claim(request: ClaimRequest): Promise<Reign | null> {
    const { words } = this.#parts;
    const counter = request.seenHolderCount === null ? '' : `, the holder's counter at ${request.seenHolderCount}`;
    return this.#order(
      `${request.rebase ? 're-base: ' : ''}claim epoch ${request.rebase?.epoch ?? request.seen.epoch + 1}, having seen: ${words.reign(request.seen)}${counter}`,
      () => this.#store.claim(request),
      (reign) => (reign ? words.reign(reign) : null),
    );
  }

  register(request: RegisterRequest): Promise<Reign | null> {
    const { words } = this.#parts;
    const { standby, forget, epoch } = request;
    const what = standby
      ? `register ${words.node(standby)} as the standby`
      : `empty the standby's place of ${words.node(forget)}`;
    return this.#order(
      `${what}, under epoch ${epoch}`,
      () => this.#store.register(request),
      (reign) => (reign ? words.reign(reign) : null),
    );
  }

  readopt(request: ReadoptRequest): Promise<Reign | null> {
    const { words } = this.#parts;
    return this.#order(
      `give me my place again, as ${words.incarnation(request.incarnation)}`,
      () => this.#store.readopt(request),
      (reign) => (reign ? words.reign(reign) : null),
    );
  }

  release(request: ReleaseRequest): Promise<Reign | null> {
    const { words } = this.#parts;
    return this.#order(
      `release epoch ${request.epoch}${request.handoverTo ? ` to ${words.node(request.handoverTo)}` : ''}`,
      () => this.#store.release(request),
      (reign) => (reign ? words.reign(reign) : null),
    );
  }

  pause(request: PauseRequest): Promise<Reign | null> {
    const { words } = this.#parts;
    const what = request.forMs > 0 ? `pause for ${request.forMs} ms` : 'resume';
    return this.#order(
      what,
      () => this.#store.pause(request),
      (reign) => (reign ? words.reign(reign) : null),
    );
  }

  async close(): Promise<void> {}

  /** An order is told when it is sent and when the store carries it out; null: the store says no. */
  #order<Answer>(
    what: string,
    carryOut: () => Promise<Answer>,
    told: (answer: Answer) => string | null,
  ): Promise<Answer> {
    const { name, script, way } = this.#parts;
    script.say(name, `asks the store: ${what}`);
    return this.#send('order', async () => {
      const answer = await carryOut();
      const text = told(answer);
      script.say('store', text === null ? `no, to ${name}: that is not how things are` : `done, to ${name}: ${text}`);
      if (way.answersLost) script.say('***', `the answer to ${name} gets lost`);
      return answer;
    });
  }

  /** `kind` null: not worth a line when it fails. */
  #send<Answer>(kind: 'beat' | 'look' | 'order' | null, carryOut: () => Promise<Answer>): Promise<Answer> {
    const { trueClock, clock, way, down, timeoutMs, name, script } = this.#parts;
    return new Promise((resolve, reject) => {
      const fail = (error: StoreError) => {
        script.say(name, `${kind ?? 'connection'}: ${error.message}`, {
          channel: `${name} ${kind === 'order' ? 'order' : 'beat'}`,
          same: `${kind ?? 'connection'}: ${error.message}`,
        });
        reject(error);
      };
      const giveUp = clock.after(timeoutMs, () =>
        fail(new StoreError('unknown', `no answer of the store within ${timeoutMs} ms`)),
      );
      trueClock.after(oneWayMs, () => {
        if (way.cut) return;
        if (down()) {
          clock.arrive(() => {
            giveUp();
            fail(new StoreError('unreachable', 'the store refuses the connection'));
          });
          return;
        }
        void carryOut().then((answer) => {
          if (way.answersLost && kind === 'order') return;
          trueClock.after(oneWayMs, () => {
            if (way.cut) return;
            clock.arrive(() => {
              giveUp();
              resolve(answer);
            });
          });
        });
      });
    });
  }

  #whatIsNew({ reign }: StoreView): string {
    const said = this.#parts.words.reign(reign);
    return said === this.#seenReign ? '' : `. Sees: ${said}`;
  }

  /** The counter that matters to this node: the holder's, or to the holder its standby's. */
  #otherCounter({ reign, nodes }: StoreView, withNumber = false): string {
    const { name, words } = this.#parts;
    const matters = reign.holder === `id-${name}` ? reign.standby : reign.holder;
    const row = nodes.find(({ nodeId }) => nodeId === matters);
    if (!row || row.name === name) return '';
    const moved = this.#seenCounts.get(row.nodeId) !== row.lastCount;
    const number = withNumber ? ` at ${row.lastCount}` : '';
    return moved
      ? `, ${words.node(row.nodeId)}'s counter moves`
      : `, ${words.node(row.nodeId)}'s counter stands still${number}`;
  }

  #remember({ reign, nodes }: StoreView): void {
    this.#seenReign = this.#parts.words.reign(reign);
    this.#seenCounts = new Map(nodes.map(({ nodeId, lastCount }) => [nodeId, lastCount]));
  }
}
