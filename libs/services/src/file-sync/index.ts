import type { PrepareReply, PrepareRequest } from '@hotstandby/contracts';
import type { Cancel, Service, ServiceReport } from '@hotstandby/ports';
import { Listener, RoleWatch, type RoleListener } from '../role-watch/index.ts';
import { ActiveSide } from './active-side.ts';
import type { FileSyncParts } from './parts.ts';
import { StandbySide } from './standby-side.ts';
import { Troubles } from './troubles.ts';

export { FileSyncOff } from './off.ts';
export type { FileSyncParts, FileSyncSettings } from './parts.ts';

const listener = { name: 'file-sync', order: 200, deadlineMs: 5000, ttlMs: 30_000 };
const lookForToolsMs = 30_000;

/**
 * Keeps the standby's folder in step with the active's. The active serves and announces; the standby pulls; a node that
 * is neither does nothing. No failure of it ever stops a take-over.
 */
export class FileSync implements Service {
  readonly #parts: FileSyncParts;
  readonly #listener: Listener;
  readonly #watch: RoleWatch;
  readonly #troubles: Troubles;
  readonly #active: ActiveSide;
  readonly #standby: StandbySide;
  #timers: Cancel[] = [];

  constructor(parts: FileSyncParts) {
    this.#parts = parts;
    this.#troubles = new Troubles(parts);
    this.#listener = new Listener(parts, listener, (asked) => this.#prepare(asked));
    const told: RoleListener = {
      opened: () => this.#active.begin(),
      shut: () => this.#active.end(),
      roleChanged: (role) => (role === 'standby' ? this.#standby.begin() : this.#standby.end()),
    };
    this.#watch = new RoleWatch(parts, told, this.#listener);
    this.#active = new ActiveSide(parts, this.#troubles, () => this.#watch.open());
    this.#standby = new StandbySide(
      parts,
      this.#troubles,
      // Without the bus nobody can say that the role has changed.
      () => this.#watch.latest()?.role === 'standby' && parts.bus.connected(),
    );
  }

  async start(): Promise<void> {
    const { clock, metrics } = this.#parts;
    const lag = metrics.gauge('hotstandby_sync_lag_seconds', 'Age of what this standby has, 0 while in step');
    this.#timers.push(
      clock.every(1000, () => lag.set(this.#isStandby() ? this.#standby.lagSeconds() : 0)),
      clock.every(lookForToolsMs, () => void this.#lookForTools()),
    );
    this.#listener.start();
    await this.#lookForTools();
    this.#watch.start();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#watch.stop();
    await this.#listener.stop();
    await Promise.all([this.#active.stop(), this.#standby.stop()]);
  }

  report(): ServiceReport {
    const role = this.#watch.latest()?.role ?? 'starting';
    const troubles = this.#troubles.list();
    const hung = this.#standby.hungSeconds();
    const own = role === 'active' ? this.#active.detail() : role === 'standby' ? this.#standby.detail() : {};
    const detail: Record<string, unknown> = { role, troubles, ...own };
    const [first] = troubles;
    if (first) return { health: 'degraded', summary: `${first.code}: ${first.message} ${first.cure}`, detail };
    if (hung !== null) {
      const summary = `a synchronisation has been under way for ${hung} s: a disk or the network does not answer`;
      return { health: 'degraded', summary, detail };
    }
    return { health: 'ok', summary: this.#summary(role, detail), detail };
  }

  #summary(role: string, detail: Record<string, unknown>): string {
    const { peer } = this.#parts.settings;
    if (role === 'active') return `offers ${String(detail['files'])} files to ${peer}`;
    if (role !== 'standby') return `waits: the node is ${role}`;
    if (detail['lastSuccessWallMs'] === null) return `waits for the files of ${peer}`;
    const lag = Number(detail['lagSeconds']);
    return lag > 0 ? `${lag} s behind ${peer}` : `in step with ${peer}: ${String(detail['files'])} files`;
  }

  #isStandby(): boolean {
    return this.#watch.latest()?.role === 'standby';
  }

  async #lookForTools(): Promise<void> {
    this.#troubles.set('tools', await this.#parts.transfer.unable());
  }

  async #prepare(asked: PrepareRequest): Promise<PrepareReply> {
    if (asked.phase !== 'pre' || asked.from !== 'active') return { done: true };
    const message = await this.#active.settle(Math.max(0, Math.min(asked.deadlineMs, listener.deadlineMs) - 200));
    return message === null ? { done: true } : { done: true, message };
  }
}
