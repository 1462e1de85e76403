import type { Host } from '../host.ts';
import type { Line } from '../line.ts';
import type { World } from '../world.ts';
import type { TakeOver } from './store-history.ts';

/**
 * Counts take-overs, and looks at each: invariant 5 (while the active and one other voter answer within their bounds,
 * nobody takes over).
 */
export class TakeOvers {
  /** From a holder that had not let go. */
  count = 0;
  /**
   * Those of them whose holder was in truth alive: at the moment of the claim it was running, not frozen, and not cut off
   * from another voter that was so, too. Its beats were only late. Safe, but nothing was broken that a take-over mends.
   */
  false = 0;
  planned = 0;
  /** Claims of any kind. */
  claims = 0;
  readonly #world: World;
  readonly #line: (from: string, to: string) => Line;

  constructor(world: World, line: (from: string, to: string) => Line) {
    this.#world = world;
    this.#line = line;
  }

  happened({ epoch, planned, from: holder, to: claimer }: TakeOver, from: Host | null, to: Host | null, all: Host[]) {
    const { clock, violations, grants, handedOver, say } = this.#world;
    this.claims += 1;
    say(`epoch ${epoch}: ${claimer}${holder === null ? '' : ` after ${holder}`}${planned ? ', handed over' : ''}`);
    if (planned) {
      this.planned += 1;
      // When nobody could be sure that all had let go, the release waited for the end of the grant.
      const hadTime = all.some((host) => host.clock.at(clock.monotonicMs()) < grants.deadlineMs(host.name, epoch - 1));
      if (hadTime) handedOver.add(epoch - 1);
    }
    if (!from || !to || from === to) return;
    this.count += 1;
    if (from.isWell() && this.#reachesAnother(from, to)) this.false += 1;
    const boundMs = clock.monotonicMs() - this.#boundMs();
    if (from.activeSinceMs > boundMs || !from.isWell() || from.wellSinceMs > boundMs) return;
    if (this.#storeAnswers(from, boundMs))
      violations.violate(5, `${to.name} took over from ${from.name}, which the store heard`);
    else if (this.#peerAnswers(from, to, boundMs))
      violations.violate(5, `${to.name} took over from ${from.name}, to which it promised`);
  }

  /** Silence of a beat less than this is not enough for anybody: a wait, a beat, and their ways. */
  #boundMs(): number {
    const { takeoverWaitMs, beatMs } = this.#world.timing;
    return takeoverWaitMs + 2 * beatMs + 40;
  }

  #reachesAnother(from: Host, to: Host): boolean {
    const uncut = (other: string) => !this.#line(from.name, other).isCut() && !this.#line(other, from.name).isCut();
    return uncut('store') || (uncut(to.name) && to.isWell());
  }

  #storeAnswers({ name }: Host, boundMs: number): boolean {
    const { server } = this.#world;
    return [this.#line(name, 'store'), this.#line('store', name), server].every((on) => on.wellSinceMs() < boundMs);
  }

  #peerAnswers(from: Host, to: Host, boundMs: number): boolean {
    const lines = [this.#line(from.name, to.name), this.#line(to.name, from.name)];
    return (
      from.voterSinceMs < boundMs && to.wellSinceMs < boundMs && lines.every((line) => line.wellSinceMs() < boundMs)
    );
  }
}
