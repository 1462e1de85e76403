import type { Emit, Grant, Place } from '@hotstandby/contracts';
import { hostnamePlan, isAsWished, type HostnamePlan, type HostnameWish } from '@hotstandby/core/hostname-plan';
import type {
  Bus,
  Cancel,
  Clock,
  Gauge,
  Histogram,
  Logger,
  Metrics,
  NameServers,
  NameView,
  Service,
  ServiceReport,
} from '@hotstandby/ports';
import { RoleWatch } from '../role-watch/index.ts';
import { FollowServers } from './follow-servers.ts';
import { isSameName, LeavingNames } from './leaving-names.ts';
import { asNameFault, nameFault, type NameFault } from './name-fault.ts';

export { FormerNames, type FormerNamesParts } from './former-names.ts';
export { isSameName };

/** A name that is as it should be is looked at again, and put back if somebody changed it. */
const checkEveryMs = 10_000;
/** A standby asks at this pace whether it would be allowed to change the name. */
const rehearseEveryMs = 60_000;
const firstRetryMs = 100;
const longestRetryMs = 5000;
/** Other servers are given so long to transfer the zone before it is a fault. */
const followMs = 5000;

/** What is to lead where, and who is told; may change while the node runs. */
export interface HostnameTarget {
  /** Closed by who uses it last. */
  names: NameServers;
  name: string;
  ttlSeconds: number;
  /** This node's own, to which the name leads while the node is active. */
  addresses: string[];
}

export interface HostnameBindingParts extends HostnameTarget {
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  /** Nothing is begun any more this long before the grant ends. */
  fenceLeadMs: number;
  /** Names of the time before this start that may still lead here. Closed here. */
  left?: readonly { name: string; names: NameServers }[];
  /** Told at the start and after each change which names lead here or may: what a later start has to know. */
  remember?: (names: string[]) => void;
}

/**
 * Makes a name in the DNS lead to this node while its gate is open. What is in the DNS stays when the gate shuts: the next
 * owner replaces it. A node that does not know that its reign is over is refused by the server, see `core/hostname-plan`.
 */
export class HostnameBinding implements Service {
  readonly #parts: HostnameBindingParts;
  readonly #watch: RoleWatch;
  readonly #leaving: LeavingNames;
  #target: HostnameTarget;
  /** What the next round begins with. */
  #nextTarget: HostnameTarget | null = null;
  #others: FollowServers;
  readonly #gauge: Gauge;
  readonly #seconds: Histogram;
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #cancelNext: Cancel = () => {};
  #retryMs = firstRetryMs;
  #rehearsedAtMs = -Infinity;
  /** Ends the waiting for a standby's check: a claim does not wait for it. */
  #interrupt = (): void => {};
  #openedAtMs = 0;
  #bound: { epoch: number } | null = null;
  #lastBindMs: number | null = null;
  #fault: NameFault | null = null;
  #toldFault = '';

  constructor(parts: HostnameBindingParts) {
    this.#parts = parts;
    const { metrics } = parts;
    this.#gauge = metrics.gauge(
      'hotstandby_binding_addresses',
      'Addresses of this node to which the virtual name leads',
    );
    this.#seconds = metrics.histogram(
      'hotstandby_binding_bind_seconds',
      'From the opening of the gate to the name leading here, as read back',
      [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 2, 10],
    );
    this.#target = parts;
    this.#leaving = new LeavingNames({ ...parts, changed: () => this.#remember() }, parts.left ?? []);
    this.#others = this.#followers();
    this.#watch = new RoleWatch(parts, {
      opened: () => {
        this.#openedAtMs = parts.clock.monotonicMs();
        this.#retryMs = firstRetryMs;
        this.#interrupt();
        this.#kick();
      },
      shut: (reason) => this.#lost(reason),
    });
  }

  async start(): Promise<void> {
    this.#remember();
    this.#watch.start();
    this.#kick();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.stop();
    this.#cancelNext();
    this.#interrupt();
    this.#others.stop();
    // What hangs at a server ends with its process.
    await Promise.all([this.#target.names.close(), this.#nextTarget?.names.close(), this.#leaving.close()]);
    while (this.#running) await this.#running;
  }

  /**
   * Another name, other addresses or other servers from now on, while the node goes on in its role. The old name loses its
   * addresses when the new one leads here. What is under way is brought to its end first.
   */
  reconfigure(target: HostnameTarget): void {
    if (this.#stopped) return void target.names.close();
    void this.#nextTarget?.names.close();
    this.#nextTarget = target;
    this.#interrupt();
    this.#kick();
  }

  report(): ServiceReport {
    const { names, name, addresses, ttlSeconds } = this.#target;
    const detail = {
      mode: 'hostname',
      name,
      ttlSeconds,
      addresses,
      bound: this.#bound ? [name] : [],
      epoch: this.#bound?.epoch ?? null,
      lastBindMs: this.#lastBindMs,
      servers: names.servers,
      leaving: this.#leaving.list(),
      agree: this.#bound ? [...names.servers.slice(0, 1), ...this.#others.agreed()] : [],
    };
    const fault = this.#anyFault() ?? this.#leaving.fault();
    if (fault)
      return {
        health: 'degraded',
        summary: `${fault.message}. ${fault.cure}`,
        detail: { ...detail, code: fault.code },
      };
    const summary = this.#bound ? `${name} leads here` : `${name} does not lead here: this node is not active`;
    return { health: 'ok', summary, detail };
  }

  #anyFault(): NameFault | null {
    return this.#fault ?? this.#others.fault();
  }

  /** The grant, when there is time enough left in it to begin something. */
  #grant(): (Grant & { epoch: number }) | null {
    const grant = this.#watch.open();
    if (!grant || this.#stopped) return null;
    return this.#parts.clock.monotonicMs() < grant.deadlineMs - this.#parts.fenceLeadMs ? grant : null;
  }

  /** One round at a time; what asks for one meanwhile gets one more. */
  #kick(): void {
    if (this.#stopped) return;
    this.#cancelNext();
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#round().finally(() => {
      this.#running = null;
      if (this.#again) {
        this.#again = false;
        this.#kick();
      } else this.#later();
    });
  }

  #later(): void {
    if (this.#stopped) return;
    const isWaiting = this.#watch.open() !== null && this.#fault !== null;
    const delayMs = isWaiting ? this.#retryMs : checkEveryMs;
    if (isWaiting) this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
    this.#cancelNext = this.#parts.clock.after(delayMs, () => this.#kick());
  }

  #followers(): FollowServers {
    const { clock } = this.#parts;
    return new FollowServers({ clock, names: this.#target.names, changed: () => this.#tellFault() });
  }

  #changeTarget(): void {
    const [before, next] = [this.#target, this.#nextTarget];
    if (!next) return;
    this.#nextTarget = null;
    this.#notBound();
    this.#target = next;
    this.#others = this.#followers();
    this.#openedAtMs = this.#parts.clock.monotonicMs();
    this.#retryMs = firstRetryMs;
    this.#rehearsedAtMs = -Infinity;
    if (isSameName(before.name, next.name)) {
      void before.names.close();
      this.#remember();
    } else this.#leaving.add(before.name, before.names);
    this.#leaving.keep(next.name);
    const { name, addresses, names, ttlSeconds } = next;
    this.#parts.log.info('the binding has changed', { name, addresses, servers: names.servers, ttlSeconds });
  }

  async #round(): Promise<void> {
    this.#changeTarget();
    const fault = await this.#reconcile().catch(asNameFault);
    if (this.#stopped) return;
    this.#fault = fault;
    this.#tellFault();
  }

  /** What stands in the way; null: nothing. Throws as well. */
  async #reconcile(): Promise<NameFault | null> {
    const unable = await this.#target.names.unable();
    if (unable) return unable;
    const grant = this.#grant();
    if (grant) return this.#bind(this.#wish(grant.epoch));
    const interrupted = new Promise<NameFault | null>((resolve) => {
      this.#interrupt = () => resolve(this.#fault);
    });
    return Promise.race([this.#check(), interrupted]);
  }

  /** A standby learns beforehand that it could not do it. */
  async #check(): Promise<null> {
    const target = this.#target;
    await this.#look();
    void this.#leaving.see(null, () => false);
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#stopped || nowMs - this.#rehearsedAtMs < rehearseEveryMs) return null;
    await target.names.rehearse();
    if (target === this.#target) this.#rehearsedAtMs = nowMs;
    return null;
  }

  #wish(epoch: number): HostnameWish {
    const { place } = this.#parts;
    const { addresses, ttlSeconds } = this.#target;
    return { cluster: place.cluster, node: place.node, epoch, addresses, ttlSeconds };
  }

  /** Looks, changes what is to be changed, and looks again: only what is read back is done. */
  async #bind(wish: HostnameWish): Promise<NameFault | null> {
    const { names } = this.#target;
    const { log } = this.#parts;
    const plan = hostnamePlan(wish, await this.#look());
    this.#mind(plan);
    const [update] = plan.steps;
    if (update?.do === 'update') {
      // The look took its time: asked again, right before the change.
      if (this.#grant()?.epoch !== wish.epoch) return null;
      const error = await names.update(update).then(
        () => null,
        (reason: unknown) => asNameFault(reason),
      );
      const after = await this.#look().catch((reason: unknown) => {
        throw error ? Object.assign(new Error(error.message, { cause: reason }), { code: error.code }) : reason;
      });
      const next = hostnamePlan(wish, after);
      this.#mind(next);
      if (next.steps.length > 1) {
        const [primary = ''] = names.servers;
        return error ?? nameFault('HS_DNS_BEHIND', `${primary} took the change and does not show it`);
      }
      if (error) log.warn('the name was changed although the change was answered with an error', { code: error.code });
    }
    if (this.#grant()?.epoch !== wish.epoch) return null;
    this.#tellBound(wish);
    this.#others.follow((view) => isAsWished(wish, view), followMs);
    // Behind, and awaited by nobody: a claim does not wait for a server that was given up.
    void this.#leaving.see(wish, () => this.#grant()?.epoch === wish.epoch);
    return null;
  }

  #remember(): void {
    this.#parts.remember?.([this.#target.name, ...this.#leaving.list()]);
  }

  #look(): Promise<NameView> {
    const { names } = this.#target;
    return names.look(names.servers[0] ?? '');
  }

  #mind({ refused }: HostnamePlan): void {
    if (!refused) return;
    this.#notBound();
    throw Object.assign(new Error(refused.message), { code: refused.code });
  }

  #tellBound(wish: HostnameWish): void {
    const { clock, emit, log } = this.#parts;
    const { name } = this.#target;
    this.#retryMs = firstRetryMs;
    if (this.#bound?.epoch === wish.epoch) return;
    this.#bound = { epoch: wish.epoch };
    this.#gauge.set(wish.addresses.length);
    this.#lastBindMs = clock.monotonicMs() - this.#openedAtMs;
    this.#seconds.observe(this.#lastBindMs / 1000);
    log.info('the name leads here', { name, addresses: wish.addresses, epoch: wish.epoch, bindMs: this.#lastBindMs });
    const data = { mode: 'hostname', addresses: [name, ...wish.addresses], interface: null };
    void emit('binding.bound', data, { epoch: wish.epoch });
  }

  #lost(reason: string): void {
    const { name } = this.#target;
    if (this.#bound) this.#parts.log.info('the name is left to the next active', { name, reason });
    this.#notBound();
    // What stood in the way of a change is no fault of a node that makes none; the look tells what still is.
    this.#kick();
  }

  #notBound(): void {
    this.#bound = null;
    this.#gauge.set(0);
    this.#others.forget();
  }

  #tellFault(): void {
    const fault = this.#anyFault();
    const text = fault ? `${fault.code} ${fault.message}` : '';
    if (text === this.#toldFault) return;
    this.#toldFault = text;
    if (!fault) {
      this.#parts.log.info('binding works again');
      return;
    }
    this.#parts.log.error(fault.message, { code: fault.code, cure: fault.cure });
    const epoch = this.#watch.open()?.epoch;
    void this.#parts.emit('binding.failed', { ...fault }, epoch === undefined ? {} : { epoch });
  }
}
