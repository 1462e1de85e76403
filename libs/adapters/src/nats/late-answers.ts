import type { Link } from './link.ts';

const mostKept = 100_000;

/**
 * Acknowledgements go to the server over whatever connection there is: what was handled while it was away is settled when
 * it is back, or everything handled would come again.
 */
export class LateAnswers {
  readonly #link: Link;
  #kept = new Map<string, string>();

  constructor(link: Link) {
    this.#link = link;
    link.onSession((connection) => {
      for (const [reply, word] of this.#kept) connection.publish(reply, word);
      this.#kept.clear();
    });
  }

  send(reply: string, word: string): void {
    const connection = this.#link.connection();
    if (connection) connection.publish(reply, word);
    else if (this.#kept.size < mostKept) this.#kept.set(reply, word);
  }
}
