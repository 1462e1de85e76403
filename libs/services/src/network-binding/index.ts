import type { NodeConfig } from '@hotstandby/config';
import { subjects, type Emit, type Place, type PrepareReply, type PrepareRequest } from '@hotstandby/contracts';
import type { Hold } from '@hotstandby/core/binding-plan';
import type {
  AddressGate,
  Binder,
  Bus,
  Cancel,
  Clock,
  Gauge,
  Logger,
  Metrics,
  Service,
  ServiceReport,
} from '@hotstandby/ports';
import { Listener, RoleWatch } from '../role-watch/index.ts';
import { Announcements } from './announcements.ts';
import { AddressKeeper, type BindingFault } from './address-keeper.ts';
import { bindingReport, type Bound } from './binding-report.ts';
import { KernelGrant } from './kernel-grant.ts';
import { PeerBinding } from './peer-binding.ts';
import { StrangerCheck } from './stranger-check.ts';

export { validSeconds } from './address-keeper.ts';
export { FormerAddresses, type FormerAddressesParts } from './former-addresses.ts';

/** Asked after whoever drains: while they finish, the address still answers. */
const listener = { name: 'network-binding', order: 900, deadlineMs: 1000, ttlMs: 30_000 };
const pollMs = 1000;
/** While something is missing (a program, a right), it is looked for at this pace. */
const unablePollMs = 5000;
/** Asked to let go for a transition that then does not come: the address comes back after this. */
const handOverLimitMs = 10_000;
/**
 * After a hand-over's silence packets are still accepted for so long: the new active answers after some tens of
 * milliseconds, and neighbours follow its first announcement. Then the address goes.
 */
export const acceptOnMs = 1000;
/** The peer hands over: the addresses lie ready, silently, for no longer than this. */
const readyForMs = 2000;
/** What could not be removed and must not be there is tried again at this pace. */
const removeAgainMs = 100;

export interface NetworkBindingParts {
  binder: Binder;
  gate: AddressGate;
  bus: Bus;
  clock: Clock;
  place: Place;
  peer: Place;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  binding: Exclude<NodeConfig['binding'], { mode: 'hostname' }>;
  /** The address goes this long before the grant ends, so that it is gone when it ends. */
  fenceLeadMs: number;
}

/** Gives this host the virtual addresses while its gate is open, and at no other time. */
export class NetworkBinding implements Service {
  readonly #parts: NetworkBindingParts;
  #binding: NetworkBindingParts['binding'];
  readonly #watch: RoleWatch;
  readonly #keeper: AddressKeeper;
  readonly #kernel: KernelGrant;
  readonly #listener: Listener;
  readonly #peer: PeerBinding;
  readonly #strangers: StrangerCheck;
  readonly #announcements: Announcements;
  readonly #boundGauge: Gauge;
  readonly #restored: ReturnType<Metrics['counter']>;
  readonly #lapses: ReturnType<Metrics['counter']>;
  readonly #bindSeconds: ReturnType<Metrics['histogram']>;
  #timers: Cancel[] = [];
  #cancelLead: Cancel = () => {};
  #running: Promise<void> | null = null;
  #again = false;
  /** The next reconciliation is on the way of a take-over: it plans with the last look. */
  #hurry = false;
  #stopped = false;
  /** Let go because the grant was about to end; a renewal in the last moment takes the address back. */
  #ledOff = false;
  #unable: BindingFault | null = null;
  #unableAtMs = -Infinity;
  #gateRefusedAtMs = -Infinity;
  #openedAtMs = 0;
  #lastBindMs: number | null = null;
  /** Handed over: until then the host accepts what is still on its way. */
  #leavingUntilMs = -Infinity;
  /** The peer hands over: until then the addresses may lie ready, silently. */
  #readyUntilMs = -Infinity;
  /** The epoch whose address was given up for a planned transition. */
  #handedOver: { epoch: number; untilMs: number } | null = null;
  #bound: Bound | null = null;
  #toldFault = '';

  constructor(parts: NetworkBindingParts) {
    this.#parts = parts;
    const { binding, metrics } = parts;
    this.#binding = binding;
    this.#boundGauge = metrics.gauge('hotstandby_binding_addresses', 'Virtual addresses on this host');
    this.#restored = metrics.counter('hotstandby_binding_restored_total', 'Addresses that were gone and put back');
    this.#lapses = metrics.counter(
      'hotstandby_binding_grant_lapses_total',
      'Times that the kernel let the grant end, or lost it, although the lease went on',
    );
    this.#bindSeconds = metrics.histogram(
      'hotstandby_binding_bind_seconds',
      'From the opening of the gate to the addresses being there',
      [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    );
    this.#listener = new Listener(parts, listener, (request) => this.#prepare(request));
    const told = {
      opened: () => {
        this.#openedAtMs = parts.clock.monotonicMs();
        this.#hurry = true;
        this.#kick();
        this.#armLead();
      },
      shut: (reason: string) => {
        if (this.#hold() !== 'leaving') void this.#letGo(reason);
      },
    };
    this.#watch = new RoleWatch(parts, told, this.#listener);
    const addresses = binding.mode === 'vip' ? binding.addresses : [];
    this.#kernel = new KernelGrant({
      ...parts,
      addresses: addresses.map((cidr) => cidr.split('/')[0] ?? cidr),
      untilMs: () => this.#mayAnswerUntilMs(),
      lapsed: () => void this.#openAnew(),
    });
    this.#keeper = new AddressKeeper({
      ...parts,
      addresses,
      interface: binding.mode === 'vip' ? binding.interface : 'auto',
      kernel: this.#kernel,
      hold: () => this.#hold(),
      acceptOnMs,
    });
    this.#announcements = new Announcements({
      clock: parts.clock,
      bound: () => this.#bound !== null,
      announce: () => this.#keeper.announce(),
      look: () => this.#strangers.look(),
    });
    this.#peer = new PeerBinding(parts, {
      cue: () => this.#getReady(),
      // It may have been cut off and believed itself alone; so may neighbours.
      back: () => this.#announcements.now(),
    });
    this.#strangers = new StrangerCheck({
      clock: parts.clock,
      ask: () => this.#keeper.otherOwners(),
      changed: () => {
        this.#tellFault();
        this.#hurry = true;
        this.#kick();
        if (!this.#strangers.fault()) this.#announcements.now();
      },
    });
  }

  async start(): Promise<void> {
    const { bus, clock, place, binding, log } = this.#parts;
    if (binding.mode === 'none') {
      log.info('binding mode none: no address follows the active');
      return;
    }
    // No gate is open yet, so this removes what an earlier run left and adds nothing.
    await this.#reconcile();
    this.#watch.start();
    this.#timers.push(
      clock.every(pollMs, () => this.#kick()),
      bus.subscribe(subjects.grant(place), () => {
        this.#kernel.renew();
        this.#armLead();
      }),
    );
    this.#peer.start();
    this.#listener.start();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
    this.#watch.stop();
    this.#peer.stop();
    this.#cancelLead();
    await this.#left();
    await this.#letGo('the service stops');
    this.#stopped = true;
    while (this.#running) await this.#running;
    await this.#listener.stop();
    await this.#kernel.close();
    await this.#parts.binder.close();
  }

  /**
   * Other addresses or another interface from now on, while the node goes on in its role: the new ones answer before the old
   * ones go. Resolves when it is done. The mode cannot be changed in this way.
   */
  async reconfigure(binding: NodeConfig['binding']): Promise<void> {
    const before = this.#binding;
    if (binding.mode === 'hostname' || binding.mode !== before.mode) {
      this.#parts.log.warn('binding.mode has changed and needs a restart', { from: before.mode, to: binding.mode });
      return;
    }
    if (binding.mode === 'none' || JSON.stringify(binding) === JSON.stringify(before)) return;
    // Not in the middle of a hand-over, which is over in a moment.
    await this.#left();
    this.#binding = binding;
    const bare = (given: NetworkBindingParts['binding']) =>
      given.mode === 'vip' ? given.addresses.map((cidr) => cidr.split('/')[0] ?? cidr) : [];
    await this.#kernel.change([...new Set([...bare(before), ...bare(binding)])]);
    this.#keeper.change(binding);
    this.#kick();
    while (this.#running) await this.#running;
    // What could not be taken off yet stays guarded.
    const left = this.#keeper.bound().map((one) => one.address);
    await this.#kernel.change([...new Set([...bare(binding), ...left])]);
    this.#parts.log.info('the binding has changed', { addresses: binding.addresses, interface: binding.interface });
  }

  /** Whether an address of the configuration is on this host, by this node's right. */
  bound(): boolean {
    return this.#bound !== null;
  }

  report(): ServiceReport {
    return bindingReport({
      binding: this.#binding,
      bound: this.#bound,
      lastBindMs: this.#lastBindMs,
      kernelGrant: this.#kernel.state(),
      means: this.#parts.gate.means?.() ?? null,
      fault: this.#fault(),
      unable: this.#unable !== null,
      mayHold: this.#mayHold(),
    });
  }

  #fault(): BindingFault | null {
    return (
      this.#unable ??
      this.#keeper.fault() ??
      this.#keeper.linkFault() ??
      this.#kernel.fault() ??
      this.#strangers.fault() ??
      this.#parts.binder.announceFault()
    );
  }

  #mayHold(): boolean {
    return this.#mayAnswerUntilMs() !== null;
  }

  /** Until when this host may answer, by the newest word of the arbiter; null: not now. */
  #mayAnswerUntilMs(): number | null {
    const grant = this.#watch.open();
    if (!grant) return null;
    const nowMs = this.#parts.clock.monotonicMs();
    const untilMs = grant.deadlineMs - this.#parts.fenceLeadMs;
    if (nowMs >= untilMs) return null;
    const handedOver = this.#handedOver?.epoch === grant.epoch && nowMs < this.#handedOver.untilMs;
    return handedOver ? null : untilMs;
  }

  #hold(): Hold {
    if (this.#mayHold()) return this.#mayTake() ? 'openly' : 'no';
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#leavingUntilMs) return 'leaving';
    return nowMs < this.#readyUntilMs ? 'silently' : 'no';
  }

  /** Not before it is known that no stranger has the addresses, unless they are known to be this pair's. */
  #mayTake(): boolean {
    if (this.#peer.had()) this.#strangers.trust();
    return !this.#strangers.inTheWay();
  }

  /** The addresses lie ready when the grant comes; the kernel keeps them silent until then. */
  #getReady(): void {
    if (this.#hold() !== 'no') return;
    this.#strangers.trust();
    this.#readyUntilMs = this.#parts.clock.monotonicMs() + readyForMs;
    this.#parts.clock.after(readyForMs, () => this.#kick());
    this.#hurry = true;
    this.#kick();
  }

  /** Lets go a little before the grant's end when nothing has renewed it by then. */
  #armLead(): void {
    this.#cancelLead();
    const grant = this.#watch.open();
    if (!grant) return;
    if (this.#ledOff && this.#mayHold()) {
      this.#ledOff = false;
      this.#openedAtMs = this.#parts.clock.monotonicMs();
      this.#kick();
    }
    const delayMs = grant.deadlineMs - this.#parts.fenceLeadMs - this.#parts.clock.monotonicMs();
    this.#cancelLead = this.#parts.clock.after(Math.max(0, delayMs), () => {
      // Renewed meanwhile, or a timer that came early.
      if (this.#mayHold()) return this.#armLead();
      this.#ledOff = true;
      void this.#letGo('the grant is about to end');
    });
  }

  async #prepare(request: PrepareRequest): Promise<PrepareReply> {
    if (request.phase === 'post') {
      if (request.to === 'active') this.#handedOver = null;
      return { done: true };
    }
    if (request.from !== 'active') return { done: true };
    const nowMs = this.#parts.clock.monotonicMs();
    this.#handedOver = { epoch: request.epoch, untilMs: nowMs + handOverLimitMs };
    const gone = await this.#fallSilent(`planned transition to ${request.to}`);
    return gone ? { done: true } : { done: false, message: this.#fault()?.message ?? 'an address is still there' };
  }

  async #letGo(reason: string): Promise<boolean> {
    this.#announcements.stop();
    const gone = await this.#keeper.letGo();
    if (gone) this.#tellReleased(reason);
    // A look afterwards, whatever was said: only what is not seen is gone.
    this.#kick();
    return gone;
  }

  /** Silent, which is what the hand-over waits for; the address itself goes when what was on its way has arrived. */
  async #fallSilent(reason: string): Promise<boolean> {
    if (this.#kernel.state() !== 'open') return this.#letGo(reason);
    this.#peer.tellHandingOver(this.#bound?.epoch ?? 0);
    this.#announcements.stop();
    this.#leavingUntilMs = this.#parts.clock.monotonicMs() + acceptOnMs;
    const silent = await this.#keeper.fallSilent();
    if (silent) this.#tellReleased(reason);
    this.#parts.clock.after(acceptOnMs, () => {
      if (this.#hold() === 'no') void this.#letGo(reason);
    });
    return silent;
  }

  /** Waits until what was on its way in a hand-over has arrived. */
  #left(): Promise<void> {
    const leftMs = this.#leavingUntilMs - this.#parts.clock.monotonicMs();
    if (leftMs <= 0) return Promise.resolve();
    return new Promise((resolve) => this.#parts.clock.after(leftMs, resolve));
  }

  /** The kernel let the grant lapse, although it goes on, or lost the rules: then the address, which answers, goes first. */
  async #openAnew(): Promise<void> {
    this.#lapses.add();
    this.#parts.log.warn('the grant ended in the kernel before its renewal came; it is opened anew');
    if (!(await this.#kernel.check())) await this.#rulesLost();
    if (!this.#mayHold()) return;
    this.#hurry = true;
    this.#kick();
  }

  async #rulesLost(): Promise<void> {
    this.#tellFault();
    await this.#letGo('the rules by which the kernel holds the grant were gone');
    await this.#establishGate();
  }

  /** Before any address comes back: only a kernel that has just been found unable to hold the grant is left alone for a while. */
  async #establishGate(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#kernel.state() !== 'none' || clock.monotonicMs() - this.#gateRefusedAtMs < unablePollMs) return;
    if (!(await this.#kernel.establish())) this.#gateRefusedAtMs = clock.monotonicMs();
  }

  /** One reconciliation at a time; what asks for one meanwhile gets one more. */
  #kick(): void {
    if (this.#stopped) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#reconcile().finally(() => {
      this.#running = null;
      if (!this.#again) return;
      this.#again = false;
      this.#kick();
    });
  }

  async #reconcile(): Promise<void> {
    const { binder, clock } = this.#parts;
    const fromMemory = this.#hurry && this.#hold() !== 'no';
    this.#hurry = false;
    if (this.#unable && clock.monotonicMs() - this.#unableAtMs < unablePollMs) return;
    if (this.#unable || this.#unableAtMs === -Infinity) {
      this.#unable = await binder.unable();
      this.#unableAtMs = clock.monotonicMs();
    }
    if (!fromMemory && this.#kernel.state() !== 'none' && !(await this.#kernel.check())) await this.#rulesLost();
    await this.#establishGate();
    if (!this.#unable) {
      if (this.#mayHold() && !this.#mayTake()) void this.#strangers.look();
      const { added, carrierCameBack, leftover } = await this.#keeper.reconcile({ fromMemory });
      if (leftover) this.#strangers.trust();
      const fault = this.#keeper.fault();
      if (fault?.code === 'HS_BINDING_PERMISSION' || fault?.code === 'HS_BINDING_TOOL') this.#unableAtMs = -Infinity;
      this.#tellBound(added);
      // A removal that failed at first.
      if (!this.#mayHold() && !this.#keeper.mayBeHeld()) this.#tellReleased('removed at a later attempt');
      if (carrierCameBack) this.#announcements.now();
      // The memory may have been wrong: look, and only then complain.
      if (fault && fromMemory) return this.#reconcile();
      if (fault && this.#keeper.mayBeHeld() && !this.#mayHold())
        this.#parts.clock.after(removeAgainMs, () => this.#kick());
    }
    this.#tellFault();
  }

  #tellBound(added: boolean): void {
    const { binding, clock, emit, log } = this.#parts;
    const grant = this.#watch.open();
    const bound = this.#keeper.bound();
    if (!grant || !this.#mayHold() || bound.length === 0) return;
    const addresses = bound.map((one) => one.address);
    const name = [...new Set(bound.map((one) => one.interface))].join(',');
    const now = { addresses, interface: name, epoch: grant.epoch };
    if (JSON.stringify(now) !== JSON.stringify(this.#bound)) {
      this.#lastBindMs = clock.monotonicMs() - this.#openedAtMs;
      this.#bindSeconds.observe(this.#lastBindMs / 1000);
      log.info('addresses bound', { ...now, bindMs: this.#lastBindMs });
      void emit('binding.bound', { mode: binding.mode, addresses, interface: name }, { epoch: grant.epoch });
    } else if (added) {
      this.#restored.add();
      log.warn('an address that was gone has been put back', now);
    } else return;
    this.#bound = now;
    this.#boundGauge.set(addresses.length);
    this.#announcements.begin();
  }

  #tellReleased(reason: string): void {
    const { binding, emit, log } = this.#parts;
    if (!this.#bound) return;
    const { addresses, epoch } = this.#bound;
    this.#bound = null;
    this.#strangers.forget();
    this.#boundGauge.set(0);
    log.info('addresses released', { addresses, reason });
    void emit('binding.released', { mode: binding.mode, addresses, reason }, { epoch });
  }

  #tellFault(): void {
    const fault = this.#fault();
    const text = fault ? `${fault.code} ${fault.message}` : '';
    if (text === this.#toldFault) return;
    this.#toldFault = text;
    if (!fault) {
      this.#parts.log.info('binding works again');
      return;
    }
    this.#parts.log.error(fault.message, { code: fault.code, cure: fault.cure });
    const epoch = this.#watch.open()?.epoch;
    void this.#parts.emit('binding.failed', fault, epoch === undefined ? {} : { epoch });
  }
}
