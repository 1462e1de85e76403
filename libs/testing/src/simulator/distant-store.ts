import { StoreError } from '@hotstandby/ports';
import type { LeaseStore } from '@hotstandby/ports';
import type { Line } from './line.ts';
import type { Moments, Statement } from './moments.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { StoreServer } from './store-server.ts';

/** What befalls one statement, beyond what the line does to every message. */
export const fates = ['lost', 'late', 'answer-lost', 'answer-late', 'reset', 'reset-late', 'unreachable'] as const;
export type Fate = (typeof fates)[number];

/** How one host gets to the store, and what is to befall its next statements. */
export interface StoreAccess {
  host: string;
  to: Line;
  from: Line;
  /** Chance that a statement has a fate of its own. */
  fated: number;
  longestMs: number;
  /** Aimed at the next statement, or at the next one of a kind. */
  next: { statement: Statement | null; fate: Fate } | null;
}

/**
 * The store behind a bad line: a statement arrives late or never, is carried out when it arrives, and its answer comes
 * late or never. The caller gives up after its timeout, and what it gave up on may still be carried out: but never
 * by a server that was restarted meanwhile, because the connection ended with it.
 */
export class DistantStore {
  readonly #server: StoreServer;
  readonly #access: StoreAccess;
  readonly #process: Process;
  readonly #random: Random;
  readonly #moments: Moments;
  readonly #timeoutMs: number;

  constructor(
    server: StoreServer,
    access: StoreAccess,
    process: Process,
    world: { random: Random; moments: Moments },
    timeoutMs: number,
  ) {
    this.#server = server;
    this.#access = access;
    this.#process = process;
    this.#random = world.random;
    this.#moments = world.moments;
    this.#timeoutMs = timeoutMs;
  }

  statements(): LeaseStore {
    const store = this.#server.statements;
    return {
      prepare: () => this.#send('look', () => store.prepare()),
      enter: (row) => this.#send('enter', () => store.enter(row)),
      beat: (request) => this.#send('beat', () => store.beat(request)),
      look: () => this.#send('look', () => store.look()),
      claim: (request) => this.#send('claim', () => store.claim(request)),
      register: (request) => this.#send('register', () => store.register(request)),
      readopt: (request) => this.#send('readopt', () => store.readopt(request)),
      release: (request) => this.#send('release', () => store.release(request)),
      pause: (request) => this.#send('pause', () => store.pause(request)),
      async close() {},
    };
  }

  #send<Answer>(statement: Statement, carryOut: () => Promise<Answer>): Promise<Answer> {
    const [access, process, server] = [this.#access, this.#process, this.#server];
    const { host } = access;
    return new Promise((resolve, reject) => {
      const cancel = process.after(this.#timeoutMs, () => reject(new StoreError('unknown', 'no answer in time')));
      const failed = (error: StoreError) =>
        process.input(() => {
          cancel();
          reject(error);
        });
      process.output(() => {
        const fate = this.#fate(statement);
        if (fate) access.to.spoil(server.nowMs() + access.longestMs);
        this.#moments.is(`${statement}-sent`, host);
        if (fate === 'unreachable') return failed(new StoreError('unreachable', 'there is no way to the store'));
        if (fate === 'lost') return;
        if (fate === 'reset' || fate === 'reset-late') failed(new StoreError('unknown', 'the connection was reset'));
        const connectedTo = server.incarnation();
        server.onTheWay += 1;
        const gone = () => {
          server.onTheWay -= 1;
        };
        const arrive = () => {
          if (server.incarnation() !== connectedTo) {
            gone();
            return access.from.carry(() => failed(new StoreError('unknown', 'the server closed the connection')));
          }
          server.carryOut(() => {
            gone();
            void carryOut().then((answer) => {
              this.#moments.is(`${statement}-done`, host);
              if (fate === 'answer-lost' || fate === 'reset' || fate === 'reset-late') return;
              this.#after(fate === 'answer-late', () =>
                access.from.carry(() =>
                  process.input(() => {
                    cancel();
                    resolve(answer);
                    this.#moments.is(`${statement}-known`, host);
                  }),
                ),
              );
            });
          }, gone);
        };
        this.#after(fate === 'late' || fate === 'reset-late', () => access.to.carry(arrive, gone));
      });
    });
  }

  #after(late: boolean, run: () => void): void {
    if (late) this.#server.after(this.#random.between(1, this.#access.longestMs), run);
    else run();
  }

  #fate(statement: Statement): Fate | null {
    const { next, fated } = this.#access;
    if (next && (next.statement === null || next.statement === statement)) {
      this.#access.next = null;
      return next.fate;
    }
    return fated > 0 && this.#random.chance(fated) ? this.#random.pick(fates) : null;
  }
}
