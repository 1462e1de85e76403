import type { ServiceReport } from '@hotstandby/ports';
import type { Service } from '@hotstandby/ports';

/** How the process is doing: the service's own report, or what stands in for it before it started and when it throws. */
export class Health {
  #service: Service | null = null;
  #phase: 'starting' | 'running' | 'stopping' = 'starting';

  watch(service: Service): void {
    this.#service = service;
  }

  started(): void {
    this.#phase = 'running';
  }

  stopping(): void {
    this.#phase = 'stopping';
  }

  report(): ServiceReport {
    if (this.#phase !== 'running' || !this.#service) {
      return { health: 'degraded', summary: this.#phase, detail: {} };
    }
    try {
      return this.#service.report();
    } catch (error) {
      return { health: 'failed', summary: `the service cannot say how it is: ${String(error)}`, detail: {} };
    }
  }

  ready(): boolean {
    return this.#phase === 'running' && this.report().health !== 'failed';
  }
}
