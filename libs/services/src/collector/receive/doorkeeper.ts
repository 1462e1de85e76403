import type { NodeConfig } from '@hotstandby/config';
import type { Emit } from '@hotstandby/contracts';
import { Admission, Refusals, type RefusalReason } from '@hotstandby/core/admission';
import type { Cancel, Clock, Counter, Logger, Metrics, SenderRules, TelemetryKind } from '@hotstandby/ports';

interface Parts {
  config: Pick<NodeConfig['collector'], 'sources' | 'sourceLimits'>;
  clock: Clock;
  emit: Emit;
  log: Logger;
  metrics: Metrics;
}

const tellEveryMs = 3000;

/** Whose telemetry is taken. What is refused is counted by source, and told: one event an hour for each. */
export class Doorkeeper {
  readonly #parts: Parts;
  readonly #admissions: Record<TelemetryKind, Admission>;
  readonly #refusals = new Refusals();
  readonly #counter: Counter;
  #cancel: Cancel = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    const { sources, sourceLimits } = parts.config;
    const admission = (networks: string[], perSecond: number) => {
      const burst = perSecond * sourceLimits.burstSeconds;
      return new Admission({ sources: networks, rate: perSecond === 0 ? null : { perSecond, burst } });
    };
    this.#admissions = {
      syslog: admission(sources.syslog, sourceLimits.syslogPerSecond),
      trap: admission(sources.traps, sourceLimits.trapsPerSecond),
      flow: admission(sources.flows, sourceLimits.flowsPerSecond),
    };
    this.#counter = parts.metrics.counter(
      'hotstandby_collector_refused_total',
      'Datagrams, and connections, that were not taken, by kind and reason',
      ['kind', 'reason'],
    );
  }

  start(): void {
    this.#cancel = this.#parts.clock.every(tellEveryMs, () => this.#tell());
  }

  stop(): void {
    this.#cancel();
    this.#tell();
  }

  /** Whether everything of the kind is admitted, so that nobody needs to ask. */
  isOpen(kind: TelemetryKind): boolean {
    return this.#admissions[kind].isOpen;
  }

  /** Whether a datagram of the source is taken now; one that is not is counted. */
  admits(kind: TelemetryKind, source: string): boolean {
    const reason = this.#admissions[kind].refusal(source, this.#parts.clock.monotonicMs());
    if (reason !== null) this.#refuse(kind, source, reason);
    return reason === null;
  }

  /** The same for senders with connections, which are held back rather than refused when they send too much. */
  senders(kind: TelemetryKind): SenderRules {
    const admission = this.#admissions[kind];
    return {
      allows: (source) => {
        const allowed = admission.allows(source);
        if (!allowed) this.#refuse(kind, source, 'not allowed');
        return allowed;
      },
      holdBackMs: (source, messages) => admission.holdBackMs(source, messages, this.#parts.clock.monotonicMs()),
      refused: (source, reason) => this.#refuse(kind, source, reason),
    };
  }

  state(): { total: number; largest: ReturnType<Refusals['largest']> } {
    return { total: this.#refusals.total, largest: this.#refusals.largest(5) };
  }

  #refuse(kind: TelemetryKind, source: string, reason: RefusalReason): void {
    this.#counter.add(1, { kind, reason });
    this.#refusals.add(kind, source, reason);
  }

  #tell(): void {
    const { clock, log, emit } = this.#parts;
    for (const { kind, source, reason, count } of this.#refusals.due(clock.monotonicMs())) {
      log.warn('telemetry of a source is not taken', { kind, source: source ?? 'others', reason, count });
      void emit('collector.refused', { kind, source, reason, count });
    }
  }
}
