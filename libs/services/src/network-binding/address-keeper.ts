import {
  addressLifeSeconds,
  bindingPlan,
  type BindingAction,
  type BindingPlan,
  type BindingRefusal,
  type Hold,
} from '@hotstandby/core/binding-plan';
import { errorCodes, type ErrorCode } from '@hotstandby/contracts';
import type { Binder, BindingStep, Clock, HostView, Logger } from '@hotstandby/ports';
import type { KernelGrant } from './kernel-grant.ts';

export const validSeconds = addressLifeSeconds;
const renewEveryMs = (validSeconds * 1000) / 3;

export interface BindingFault {
  code: string;
  message: string;
  cure: string;
}

interface Reconciled {
  added: boolean;
  carrierCameBack: boolean;
  leftover: boolean;
}

interface Held {
  interface: string;
  cidr: string;
}

export interface AddressKeeperParts {
  binder: Binder;
  clock: Clock;
  log: Logger;
  addresses: string[];
  interface: string;
  kernel: KernelGrant;
  /** How this node may have the addresses right now: asked right before every step that gives something. */
  hold: () => Hold;
  /** After falling silent in a hand-over packets are accepted for so long. */
  acceptOnMs: number;
}

/**
 * Keeps the host's addresses as the gate says. Steps run one at a time; each asks anew, inside its turn, so that a
 * removal that was ordered in between is never followed by an older addition.
 */
export class AddressKeeper {
  readonly #parts: AddressKeeperParts;
  #wish: { addresses: string[]; interface: string };
  /** Added or tried to: it may be on the host. By interface and address. */
  readonly #held = new Map<string, Held>();
  readonly #renewedAtMs = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #view: HostView | null = null;
  #refused: BindingRefusal[] = [];
  #placed: BindingPlan['placed'] = [];
  #fault: BindingFault | null = null;

  constructor(parts: AddressKeeperParts) {
    this.#parts = parts;
    this.#wish = parts;
  }

  /** What is wished from the next reconciliation on. */
  change(wish: { addresses: string[]; interface: string }): void {
    this.#wish = wish;
  }

  /** What is on the host for certain: added by this process, addresses without their prefix. */
  bound(): { interface: string; address: string }[] {
    return [...this.#held]
      .filter(([key]) => this.#renewedAtMs.has(key))
      .map(([, held]) => ({ interface: held.interface, address: held.cidr.split('/')[0] ?? held.cidr }));
  }

  /** Where the addresses belong that can be held, by the last look. */
  placed(): { interface: string; address: string }[] {
    return this.#placed;
  }

  /** Why no client can reach the addresses on this host, whoever is active; null: nothing is known. */
  linkFault(): BindingFault | null {
    const down = this.#placed.find(({ interface: name }) =>
      this.#view?.interfaces.some((one) => one.name === name && !one.carrier),
    );
    const missing = this.#refused.find((one) => one.code === 'HS_BINDING_INTERFACE');
    if (!down && !missing) return null;
    const message = missing?.message ?? `${down?.interface}, the interface of ${down?.address}, has no link`;
    return { code: 'HS_BINDING_LINK', message, cure: cureOf('HS_BINDING_LINK') };
  }

  /** Whether something of ours is or may be on the host. */
  mayBeHeld(): boolean {
    return this.#held.size > 0;
  }

  /** Why not everything that is wished is done; null: nothing is in the way. */
  fault(): BindingFault | null {
    if (this.#fault) return this.#fault;
    const [first] = this.#refused;
    if (!first) return null;
    return { code: first.code, message: this.#refused.map((one) => one.message).join('; '), cure: cureOf(first.code) };
  }

  /**
   * Makes the host as it has to be. `fromMemory`: plan with the last look instead of a new one, because on the way of a
   * take-over a look costs as much as the addition. Returns whether something was added, whether the link of what is held had
   * come back, and whether an address was there that this process had not added.
   */
  async reconcile(options: { fromMemory: boolean }): Promise<Reconciled> {
    const done = { added: false, carrierCameBack: false, leftover: false };
    try {
      const before = this.#view;
      const view = options.fromMemory && before ? before : await this.#parts.binder.look();
      this.#view = view;
      if (!options.fromMemory) this.#forgetWhatIsGone(view);
      done.leftover = this.#held.size === 0 && view.addresses.some((one) => one.owned);
      const names = this.bound().map((one) => one.interface);
      done.carrierCameBack = cameBack(before, view, names);
      const hold = this.#parts.hold();
      const { kernel } = this.#parts;
      const { addresses, interface: name } = this.#wish;
      const plan = bindingPlan({ addresses, interface: name, hold }, { ...view, gate: kernel.state() }, validSeconds);
      this.#refused = plan.refused;
      this.#placed = plan.placed;
      for (const step of plan.steps) {
        if ((await this.#apply(step)) && step.do === 'add') done.added = true;
      }
      this.#fault = null;
    } catch (error) {
      // Whatever was believed of the host is not to be relied on.
      this.#view = null;
      this.#fault = asFault(error);
    }
    return done;
  }

  /** Shuts the gate and takes off what was added, at once and without a look. Returns whether all of it is gone. */
  async letGo(): Promise<boolean> {
    const shut = this.#parts.kernel.shut();
    this.#view = null;
    for (const held of [...this.#held.values()]) {
      try {
        await this.#apply({ do: 'remove', ...held });
      } catch (error) {
        this.#fault = asFault(error);
        this.#parts.log.error('an address could not be removed and is tried again', { ...held, ...this.#fault });
      }
    }
    await shut;
    return this.#held.size === 0;
  }

  /** Stops answering and goes on accepting; without a kernel that can tell the two apart it lets go. */
  async fallSilent(): Promise<boolean> {
    if (this.#parts.kernel.state() !== 'open') return this.letGo();
    await this.#parts.kernel.hush(this.#parts.acceptOnMs);
    return true;
  }

  async announce(): Promise<void> {
    for (const one of this.bound()) await this.#apply({ do: 'announce', ...one }).catch(() => {});
  }

  /** Which other machine answers for the addresses, in words; null: none does. */
  async otherOwners(): Promise<string | null> {
    const asked = await Promise.all(
      this.#placed.map(async ({ interface: name, address }) => {
        const mac = await this.#parts.binder.otherOwner(name, address);
        return mac === null ? null : `${mac} on ${name} answers for ${address}`;
      }),
    );
    return asked.find((one) => one !== null) ?? null;
  }

  /** Carries a step out in its turn. False: it is not allowed (any more), or there is no need yet. */
  #apply(step: BindingAction): Promise<boolean> {
    const result = this.#turn.then(() => this.#now(step));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #now(step: BindingAction): Promise<boolean> {
    const { binder, kernel, acceptOnMs } = this.#parts;
    if (!this.#allowed(step)) return false;
    if (step.do === 'open-gate') return kernel.open();
    if (step.do === 'shut-gate') await kernel.shut();
    else if (step.do === 'hush-gate') await kernel.hush(acceptOnMs);
    else if (step.do === 'announce') await binder.apply(step);
    else if (step.do === 'remove') await this.#remove(step);
    else return this.#give(step);
    return true;
  }

  /** The plan was made some milliseconds ago; what gives something asks again. */
  #allowed(step: BindingAction): boolean {
    const hold = this.#parts.hold();
    const gate = this.#parts.kernel.state();
    if (step.do === 'open-gate') return hold === 'openly';
    if (step.do === 'announce') return hold === 'openly' && (gate === 'open' || gate === 'none');
    if (step.do === 'add' || step.do === 'renew') return hold === 'openly' || (hold === 'silently' && gate === 'shut');
    return true;
  }

  /** Taken off by somebody else, or gone with its interface. */
  #forgetWhatIsGone(view: HostView): void {
    for (const [key, held] of this.#held) {
      if (view.addresses.some((one) => one.owned && one.interface === held.interface && one.cidr === held.cidr))
        continue;
      this.#held.delete(key);
      this.#renewedAtMs.delete(key);
    }
  }

  async #remove(step: Extract<BindingStep, { do: 'remove' }>): Promise<void> {
    const key = `${step.interface} ${step.cidr}`;
    await this.#parts.binder.apply(step);
    this.#held.delete(key);
    this.#renewedAtMs.delete(key);
    this.#remember((all) => all.filter((one) => one.interface !== step.interface || one.cidr !== step.cidr));
  }

  async #give(step: Extract<BindingStep, { do: 'add' | 'renew' }>): Promise<boolean> {
    const key = `${step.interface} ${step.cidr}`;
    const nowMs = this.#parts.clock.monotonicMs();
    if (step.do === 'renew' && nowMs - (this.#renewedAtMs.get(key) ?? -Infinity) < renewEveryMs) return false;
    // Before the attempt: one whose outcome is unknown is removed like one that succeeded.
    this.#held.set(key, { interface: step.interface, cidr: step.cidr });
    await this.#parts.binder.apply(step);
    this.#renewedAtMs.set(key, nowMs);
    if (step.do === 'add')
      this.#remember((all) => [...all, { interface: step.interface, cidr: step.cidr, owned: true }]);
    return true;
  }

  /** The last look stays true for what was done since. */
  #remember(change: (all: HostView['addresses']) => HostView['addresses']): void {
    if (this.#view) this.#view = { ...this.#view, addresses: change(this.#view.addresses) };
  }
}

function cameBack(before: HostView | null, now: HostView, names: string[]): boolean {
  const carrier = (view: HostView, name: string) => view.interfaces.find((one) => one.name === name)?.carrier;
  return before !== null && names.some((name) => carrier(before, name) === false && carrier(now, name) === true);
}

function asFault(error: unknown): BindingFault {
  const { code, cure } = error as { code?: unknown; cure?: unknown };
  const known = typeof code === 'string' && code.startsWith('HS_') ? code : 'HS_BINDING_FAILED';
  const message = error instanceof Error ? error.message : String(error);
  return { code: known, message, cure: typeof cure === 'string' ? cure : cureOf(known) };
}

const cureOf = (code: string): string => errorCodes[code as ErrorCode]?.[1] ?? errorCodes.HS_BINDING_FAILED[1];
