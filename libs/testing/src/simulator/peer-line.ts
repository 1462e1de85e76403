import type { PeerLink } from '@hotstandby/ports';
import { jsonCopy } from '../local-bus/json-copy.ts';
import type { Line } from './line.ts';
import type { Moments } from './moments.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';

interface End {
  host: string;
  process: Process;
  answer: (request: unknown) => Promise<unknown>;
}

interface PeerWorld {
  random: Random;
  moments: Moments;
  lineOf: (from: string, to: string) => Line;
  /** Whom a host's connection leads to. */
  peerOf: (host: string, asked: unknown) => string;
  /** Chance that a message comes twice, the second one late. */
  twice: number;
}

/** The heartbeats' connections with each other: one end a host, which its newest process has. */
export class PeerLines {
  readonly #ends = new Map<string, End>();
  readonly #world: PeerWorld;

  constructor(world: PeerWorld) {
    this.#world = world;
  }

  endOf(host: string, process: Process): PeerLink {
    const { moments, lineOf, peerOf } = this.#world;
    process.onDeath(() => {
      if (this.#ends.get(host)?.process === process) this.#ends.delete(host);
    });
    return {
      open: (answer) => void this.#ends.set(host, { host, process, answer }),
      connected: () => true,
      ask: (request, timeoutMs) =>
        new Promise((resolve, reject) => {
          const asked = jsonCopy(request);
          const cancel = process.after(timeoutMs, () => reject(new Error('no answer in time')));
          process.output(() => {
            const peer = peerOf(host, asked);
            moments.is('promise-asked', host);
            this.#carry(lineOf(host, peer), () => {
              const end = this.#ends.get(peer);
              end?.process.input(() => {
                void end.answer(asked).then(
                  (reply) =>
                    end.process.output(() => {
                      moments.is('promise-given', peer);
                      this.#carry(lineOf(peer, host), () =>
                        process.input(() => {
                          cancel();
                          resolve(jsonCopy(reply));
                          moments.is('promise-known', host);
                        }),
                      );
                    }),
                  // The peer's arbiter did not answer its heartbeat.
                  () => {},
                );
              });
            });
          });
        }),
      close: async () => {},
    };
  }

  #carry(line: Line, run: () => void): void {
    const { random, twice } = this.#world;
    line.carry(run);
    if (twice > 0 && random.chance(twice)) line.carry(() => line.carry(run));
  }
}
