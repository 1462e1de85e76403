import { errorCodes } from '@hotstandby/contracts';
import type { GateState } from '@hotstandby/core/binding-plan';
import type { AddressGate, Clock, GateAnswer, Logger } from '@hotstandby/ports';
import type { BindingFault } from './address-keeper.ts';

/** What is left of a grant by then is too short to tell the kernel of. */
const almostOverMs = 30;

export interface KernelGrantParts {
  gate: AddressGate;
  clock: Clock;
  log: Logger;
  /** Addresses without their prefixes. */
  addresses: string[];
  /** Until when this node may answer for them, by the newest word; null: not at all. */
  untilMs: () => number | null;
  /** The kernel lets this host answer no more although the node might: its rules are lost, or a renewal came too late. */
  lapsed: () => void;
}

/** Tells the kernel of the grant, in time, and knows what it was told. */
export class KernelGrant {
  readonly #parts: KernelGrantParts;
  #addresses: string[];
  /** The rules are in the kernel, as far as this process knows. */
  #standing = false;
  #state: Exclude<GateState, 'none'> = 'shut';
  #fault: BindingFault | null = null;
  /** Two at once would each delete what the other made. */
  #establishing: Promise<boolean> | null = null;
  #renewing = false;
  #openUntilMs = 0;
  #hushedUntilMs = 0;
  /** Counts openings: a renewal of an earlier one says nothing of this one. */
  #openings = 0;
  /** Counts what shuts: an opening that was on its way then is over, whatever its answer. */
  #shuttings = 0;

  constructor(parts: KernelGrantParts) {
    this.#parts = parts;
    this.#addresses = parts.addresses;
  }

  /** What the kernel lets this host do now; `none`: it holds no grant, so an address that is there answers. */
  state(): GateState {
    if (!this.#standing) return 'none';
    if (this.#state === 'hushed' && this.#parts.clock.monotonicMs() >= this.#hushedUntilMs) this.#state = 'shut';
    return this.#state;
  }

  /** Why the kernel holds no grant, or did not take it; null: nothing is wrong. */
  fault(): BindingFault | null {
    return this.#fault;
  }

  /** Makes the rules, everything shut, unless they are there. Whether the kernel holds the grant from now on. */
  establish(): Promise<boolean> {
    if (this.#standing) return Promise.resolve(true);
    this.#establishing ??= this.#establish().finally(() => (this.#establishing = null));
    return this.#establishing;
  }

  async #establish(): Promise<boolean> {
    const { gate, log } = this.#parts;
    const addresses = this.#addresses;
    const lacking = await gate.unable();
    if (lacking) {
      this.#fault = lacking;
      return false;
    }
    try {
      await gate.establish(addresses);
    } catch (error) {
      this.#fault = asFault(error);
      return false;
    }
    this.#standing = true;
    this.#state = 'shut';
    this.#fault = null;
    log.info('the kernel holds the grant for the addresses', { addresses, toldBy: gate.means?.().name });
    return true;
  }

  /** Other addresses from now on; an open gate stays open, for all of them. */
  async change(addresses: string[]): Promise<void> {
    this.#addresses = addresses;
    if (!this.#standing) return;
    const untilMs = this.state() === 'open' ? this.#parts.untilMs() : null;
    try {
      await this.#parts.gate.establish(addresses, untilMs);
    } catch (error) {
      this.#standing = false;
      this.#fault = asFault(error);
    }
  }

  /** Only after a grant: it opens whatever was before. False: the kernel did not, `fault` says why unless the grant was over. */
  async open(): Promise<boolean> {
    if (await this.#openNow()) return true;
    // Somebody may have removed the rules since the last look, or the grant was renewed on the way.
    if (!(await this.check())) await this.establish();
    if (await this.#openNow()) return true;
    const untilMs = this.#parts.untilMs();
    const isOver = untilMs === null || untilMs - this.#parts.clock.monotonicMs() < almostOverMs;
    if (!isOver) this.#fault ??= asFault('the kernel did not open for the addresses');
    return false;
  }

  /** Passes the newest grant on; one renewal at a time, the next one with whatever is newest then. */
  renew(): void {
    if (this.state() !== 'open' || this.#renewing) return;
    const untilMs = this.#parts.untilMs();
    if (untilMs === null || untilMs <= this.#openUntilMs) return;
    this.#renewing = true;
    const opening = this.#openings;
    void this.#tell((gate) => gate.renew(untilMs)).then((done) => {
      this.#renewing = false;
      if (opening !== this.#openings) this.renew();
      else if (done) {
        this.#openUntilMs = untilMs;
        this.renew();
      } else if (this.#state === 'open') {
        this.#state = 'shut';
        this.#parts.lapsed();
      }
    });
  }

  /** Falls silent now and goes on accepting for so long. */
  async hush(acceptForMs: number): Promise<void> {
    this.#shuttings++;
    this.#hushedUntilMs = this.#parts.clock.monotonicMs() + acceptForMs;
    this.#state = 'hushed';
    if (await this.#tell((gate) => gate.hush(this.#hushedUntilMs))) return;
    await this.shut();
  }

  /** Never throws: what the kernel was told before ends by itself, and the address goes besides. */
  async shut(): Promise<void> {
    if (!this.#standing) return;
    this.#shuttings++;
    this.#state = 'shut';
    await this.#parts.gate.shut().catch((error: unknown) => {
      this.#parts.log.warn('the gate could not be shut and shuts when its time is over', { error: String(error) });
    });
  }

  /** Whether the rules are still there. When not, an address that is on the host answers, and has to go. */
  async check(): Promise<boolean> {
    if (!this.#standing) return false;
    // An answer that did not come says nothing; the next look does.
    const intact = await this.#parts.gate.intact().catch(() => true);
    if (intact || !this.#standing) return this.#standing;
    this.#standing = false;
    this.#fault = asFault('somebody removed the rules by which the kernel holds the grant');
    return false;
  }

  close(): Promise<void> {
    this.#standing = false;
    return this.#parts.gate.close();
  }

  async #openNow(): Promise<boolean> {
    const untilMs = this.#parts.untilMs();
    const shuttings = this.#shuttings;
    if (!this.#standing || untilMs === null || !(await this.#tell((gate) => gate.open(untilMs)))) return false;
    if (shuttings !== this.#shuttings) return false;
    this.#state = 'open';
    this.#openings++;
    this.#fault = null;
    this.#openUntilMs = untilMs;
    // What was granted while the line was on its way.
    this.renew();
    return true;
  }

  async #tell(line: (gate: AddressGate) => Promise<GateAnswer>): Promise<boolean> {
    try {
      return (await line(this.#parts.gate)) === 'done';
    } catch (error) {
      this.#parts.log.warn('the kernel could not be told of the grant', { error: String(error) });
      return false;
    }
  }
}

const asFault = (error: unknown): BindingFault => ({
  code: 'HS_BINDING_GATE',
  message: error instanceof Error ? error.message : String(error),
  cure: errorCodes.HS_BINDING_GATE[1],
});
