import { errorCodes } from '@hotstandby/contracts';
import type { Clock } from '@hotstandby/ports';
import type { BindingFault } from './address-keeper.ts';

/** Whether a stranger that was found is still there is asked at this pace. */
const askAgainMs = 5000;

/**
 * Whether a machine outside the pair has the addresses. Asked before they are taken only when nothing says that they are
 * this pair's: asking takes a second, which no take-over has. While a stranger has them, they are not taken; one that
 * comes later is told of, not fought.
 */
export class StrangerCheck {
  readonly #parts: { clock: Clock; ask: () => Promise<string | null>; changed: () => void };
  #clear = false;
  #asking = false;
  #found: string | null = null;

  /** `ask`: who else answers, in words; `changed`: what this says has changed. */
  constructor(parts: { clock: Clock; ask: () => Promise<string | null>; changed: () => void }) {
    this.#parts = parts;
  }

  /** The addresses may not be taken yet: a stranger has them, or nobody knows. */
  inTheWay(): boolean {
    return !this.#clear;
  }

  /** The addresses are this pair's: it has them, had them a moment ago, or was asked for. */
  trust(): void {
    this.#clear = true;
  }

  fault(): BindingFault | null {
    if (this.#found === null) return null;
    return { code: 'HS_BINDING_TAKEN', message: this.#found, cure: errorCodes.HS_BINDING_TAKEN[1] };
  }

  /** Nothing is held any more: what was found then says nothing. */
  forget(): void {
    if (this.#clear) this.#found = null;
  }

  /** Asks, before the addresses are taken and again behind. One question at a time. */
  async look(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const before = this.#found;
    this.#found = await this.#parts.ask().catch(() => null);
    this.#asking = false;
    const cleared = !this.#clear && this.#found === null;
    if (cleared) this.#clear = true;
    if (this.#found !== null) this.#parts.clock.after(askAgainMs, () => void this.#lookAgain());
    if (cleared || before !== this.#found) this.#parts.changed();
  }

  async #lookAgain(): Promise<void> {
    if (this.#found !== null) await this.look();
  }
}
