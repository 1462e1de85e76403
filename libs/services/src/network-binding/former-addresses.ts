import { errorCodes, type Emit, type Place } from '@hotstandby/contracts';
import type { AddressGate, Binder, Cancel, Clock, Logger } from '@hotstandby/ports';
import type { BindingFault } from './address-keeper.ts';

const tryEveryMs = 10_000;

export interface FormerAddressesParts {
  binder: Binder;
  gate: AddressGate;
  clock: Clock;
  place: Place;
  log: Logger;
  emit: Emit;
  /** As configured before, with their prefixes. */
  addresses: readonly string[];
  /** They and the rules for them are gone: nobody has to know of them any more. */
  cleared: () => void;
}

/**
 * Takes off this host what a time with `binding.mode: vip` left when it was not ended in order: addresses with this node's mark, and the
 * rules by which the kernel held the grant. Whoever is active: a node without a virtual IP may have neither.
 */
export class FormerAddresses {
  readonly #parts: FormerAddressesParts;
  #fault: BindingFault | null = null;
  #done = false;
  #stopped = false;
  #cancel: Cancel = () => {};
  #trying: Promise<void> = Promise.resolve();

  constructor(parts: FormerAddressesParts) {
    this.#parts = parts;
  }

  /** Resolves after the first attempt; tries again until it is done. */
  async start(): Promise<void> {
    this.#trying = this.#try();
    await this.#trying;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#trying;
    if (!this.#done) await this.#close();
  }

  /** What may still be on this host; empty: nothing. */
  list(): readonly string[] {
    return this.#done ? [] : this.#parts.addresses;
  }

  fault(): BindingFault | null {
    return this.#fault;
  }

  async #try(): Promise<void> {
    const { addresses, cleared, clock, log } = this.#parts;
    const reason = await this.#clear().catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (reason === null) {
      await this.#close();
      this.#done = true;
      this.#fault = null;
      log.info('the virtual addresses of an earlier configuration and the rules for them are gone', { addresses });
      return cleared();
    }
    this.#tell(reason);
    if (this.#stopped) return;
    this.#cancel = clock.after(tryEveryMs, () => {
      this.#trying = this.#try();
    });
  }

  /** Why not; null: it is done. The addresses first: without the rules they would answer. */
  async #clear(): Promise<string | null> {
    const { binder, gate, log } = this.#parts;
    const unable = await binder.unable();
    if (unable) return unable.message;
    for (const { interface: name, cidr, owned } of (await binder.look()).addresses) {
      if (!owned) continue;
      await binder.apply({ do: 'remove', interface: name, cidr });
      log.info('an address of an earlier configuration was removed', { interface: name, address: cidr });
    }
    const lacking = await gate.unable();
    if (lacking) return lacking.message;
    // Without addresses: this says whether the kernel takes it, which taking the rules away does not.
    await gate.establish([]);
    return null;
  }

  /** The rules go with it, those without addresses, too. */
  async #close(): Promise<void> {
    await this.#parts.gate.close().catch(() => {});
    await this.#parts.binder.close();
  }

  #tell(reason: string): void {
    const { addresses, emit, log, place } = this.#parts;
    const [, cure] = errorCodes.HS_BINDING_LEFT;
    const tables = `hotstandby/${place.cluster}/${place.node}`;
    const message = `${addresses.join(', ')} or the tables ${tables} may still be on this host: ${reason}`;
    if (this.#fault?.message === message) return;
    this.#fault = { code: 'HS_BINDING_LEFT', message, cure };
    log.error(message, { code: this.#fault.code, cure });
    void emit('binding.failed', this.#fault);
  }
}
