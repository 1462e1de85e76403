/** Statements one after the other, in the order in which they were asked for. */
export class StoreQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(statement: () => Promise<Result>): Promise<Result> {
    const next = this.#last.then(statement);
    this.#last = next.catch(() => {});
    return next;
  }
}
