import type { History, Transition } from '@hotstandby/ports';
import type { StoreAccess } from '../distant-store.ts';
import type { Process } from '../process.ts';
import type { StoreServer } from '../store-server.ts';

const timeoutMs = 1500;

export interface Kept {
  transition: Transition;
  atMs: number;
}

/** The history in the store, as the arbiters write and read it: over the same bad lines, and forgotten with what it forgets. */
export class SharedHistory {
  readonly #server: StoreServer;
  kept: Kept[] = [];

  constructor(server: StoreServer) {
    this.#server = server;
  }

  /** A replica took over that lacks what came since. */
  forget(sinceMs: number): void {
    this.kept = this.kept.filter(({ atMs }) => atMs <= sinceMs);
  }

  of(process: Process, access: StoreAccess): History {
    return {
      append: (transitions) =>
        this.#send(process, access, () => {
          const known = new Set(this.kept.map(({ transition }) => transition.id));
          const added = transitions.filter(({ id }) => !known.has(id));
          this.kept.push(...added.map((transition) => ({ transition, atMs: this.#server.nowMs() })));
        }),
      list: (limit) =>
        this.#send(process, access, () =>
          this.kept
            .map(({ transition }) => transition)
            .toReversed()
            .slice(0, limit),
        ),
    };
  }

  #send<Answer>(process: Process, access: StoreAccess, carryOut: () => Answer): Promise<Answer> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      const cancel = process.after(timeoutMs, () => reject(new Error('no answer in time')));
      process.output(() =>
        access.to.carry(() =>
          server.carryOut(() => {
            const answer = carryOut();
            access.from.carry(() =>
              process.input(() => {
                cancel();
                resolve(answer);
              }),
            );
          }),
        ),
      );
    });
  }
}
