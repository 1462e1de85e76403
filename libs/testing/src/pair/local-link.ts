import type { PeerLink } from '@hotstandby/ports';
import { jsonCopy } from '../local-bus/json-copy.ts';

/** How a message travels from one node to the other: `deliver` is called when it arrives, or never. */
export type Carry = (from: string, deliver: () => void) => void;

type Answer = (request: unknown) => Promise<unknown>;

/** The line between the two heartbeats: what is asked and answered travels as `carry` says. */
export class LocalLine {
  readonly #ends = new Map<string, Answer>();
  readonly #carry: Carry;

  constructor(carry: Carry) {
    this.#carry = carry;
  }

  /** A new process of the node takes the place of its old one. */
  endOf(name: string): PeerLink {
    let own: Answer | null = null;
    return {
      open: (answer) => {
        own = answer;
        this.#ends.set(name, answer);
      },
      connected: () => true,
      ask: (request) =>
        new Promise((resolve, reject) => {
          this.#carry(name, () => {
            const [other, answer] = [...this.#ends].find(([end]) => end !== name) ?? [];
            if (!other || !answer) return;
            answer(jsonCopy(request)).then(
              (reply) => this.#carry(other, () => resolve(jsonCopy(reply))),
              (error: unknown) => this.#carry(other, () => reject(new Error(String(error)))),
            );
          });
        }),
      close: async () => {
        if (this.#ends.get(name) === own) this.#ends.delete(name);
      },
    };
  }
}
