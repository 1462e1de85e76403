import type { Service, ServiceReport } from '@hotstandby/ports';
import type { FormerNames } from '@hotstandby/services/hostname-binding';
import type { FormerAddresses } from '@hotstandby/services/network-binding';

/** The binding of the configured mode, and beside it what clears an earlier mode. */
export class WithFormer implements Service {
  readonly #binding: Service;
  readonly #names: FormerNames | null;
  readonly #addresses: FormerAddresses | null;
  readonly #stopped: () => void;

  /** `stopped`: the binding has ended in order. */
  constructor(
    binding: Service,
    former: { names: FormerNames | null; addresses: FormerAddresses | null },
    stopped: () => void,
  ) {
    this.#binding = binding;
    this.#names = former.names;
    this.#addresses = former.addresses;
    this.#stopped = stopped;
  }

  async start(): Promise<void> {
    // On the host first: nothing may answer by an earlier mode when the new one begins.
    await this.#addresses?.start();
    await this.#binding.start();
    this.#names?.start();
  }

  async stop(): Promise<void> {
    await this.#names?.stop();
    await this.#binding.stop();
    await this.#addresses?.stop();
    this.#stopped();
  }

  report(): ServiceReport {
    const report = this.#binding.report();
    const names = this.#names?.list() ?? [];
    const addresses = this.#addresses?.list() ?? [];
    const detail = {
      ...report.detail,
      ...(names.length > 0 && { leaving: names }),
      ...(addresses.length > 0 && { leavingAddresses: addresses }),
    };
    const fault = this.#addresses?.fault() ?? this.#names?.fault() ?? null;
    if (report.health !== 'ok' || !fault) return { ...report, detail };
    return { health: 'degraded', summary: `${fault.message}. ${fault.cure}`, detail: { ...detail, code: fault.code } };
  }
}
