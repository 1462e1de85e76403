import {
  errorCodes,
  parse,
  serviceStatus,
  subjects,
  type Emit,
  type Place,
  type PolicyState,
} from '@hotstandby/contracts';
import {
  decide,
  differences,
  heardStatus,
  initialPolicyState,
  reconnected,
  unwell,
  type HandOverPolicy,
  type Policy,
  type PolicyDecision,
  type PolicyFacts,
  type PolicyState as Watched,
} from '@hotstandby/core/policy';
import type { Bus, Cancel, Clock, History, Logger, Unsubscribe } from '@hotstandby/ports';

export interface PolicyDeskParts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  emit: Emit;
  place: Place;
  peer: Place;
  history: History;
  policy: Policy;
  /** Other rules than the policies' own. */
  decidePolicy?: typeof decide;
  /** What the lease says now. */
  facts(): Omit<PolicyFacts, 'nowMs' | 'handOversBefore'>;
  handOver(asked: { rule: HandOverPolicy; reason: string; evidence: Record<string, unknown> }): Promise<void>;
}

const lookEveryMs = 1000;
/** What counts towards the back-off. */
const backOffWindowMs = 6 * 3_600_000;
const countedFromHistory = 500;
const countTrustedMs = 60_000;

/** Hears how the services of both nodes are, and has the active hand over when the policies say so. */
export class PolicyDesk {
  readonly #parts: PolicyDeskParts;
  #state: Watched;
  #decision: PolicyDecision = { do: 'nothing', note: null };
  #mismatch: string[] = [];
  #counted: { epoch: number | null; atMs: number; count: number } | null = null;
  #counting = false;
  #said = '';
  #garbled = false;
  #stops: (Unsubscribe | Cancel)[] = [];

  constructor(parts: PolicyDeskParts) {
    this.#parts = parts;
    this.#state = initialPolicyState(parts.clock.monotonicMs());
  }

  start(): void {
    const { bus, clock, place, peer, policy, log } = this.#parts;
    this.#state = initialPolicyState(clock.monotonicMs());
    if (!policy.enabled) {
      const [what] = errorCodes.HS_FAILOVER_OFF;
      log.warn(`${what} Nobody takes over when the server that holds the lease fails.`, { field: 'policy.enabled' });
    }
    this.#stops = [
      bus.subscribe(subjects.anyStatus(place), (payload) => this.#hear('own', payload)),
      bus.subscribe(subjects.anyStatus(peer), (payload) => this.#hear('peer', payload)),
      bus.onStatus(() => (this.#state = reconnected(this.#state, clock.monotonicMs()))),
      clock.every(lookEveryMs, () => this.#look()),
    ];
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** As people are told. */
  state(): PolicyState {
    const { enabled, failback } = this.#parts.policy;
    const decision = this.#decision;
    const note = decision.do === 'hand-over' ? decision.reason : decision.note;
    return { enabled, failback, note, unwell: this.unwell('own'), mismatch: this.#mismatch };
  }

  /** Why a person should look: the nodes disagree, or a hand-over is due and cannot be made. */
  trouble(): string | null {
    if (this.#mismatch.length > 0)
      return `HS_POLICY_MISMATCH: the other node has another policy (${this.#mismatch.join(', ')})`;
    return this.#decision.do === 'wait' ? this.#decision.note : null;
  }

  unwell(whose: 'own' | 'peer'): { service: string; what: string }[] {
    const { policy, clock } = this.#parts;
    return unwell(this.#state[whose], policy, clock.monotonicMs()).map(({ service, what }) => ({ service, what }));
  }

  #hear(whose: 'own' | 'peer', payload: unknown): void {
    const { clock, policy, log } = this.#parts;
    try {
      const { service, ...said } = parse(serviceStatus, payload, "a service's status");
      this.#state = heardStatus(this.#state, policy, whose, service, said, clock.monotonicMs());
      if (whose === 'own' && said.health === 'failed' && policy.atOnce.includes(service)) this.#look();
      if (whose === 'peer' && service === 'arbiter') this.#compare(said.detail.policy);
    } catch (error) {
      if (!this.#garbled) log.warn("a service's status is not understood", { error: String(error) });
      this.#garbled = true;
    }
  }

  #compare(theirs: unknown): void {
    const { policy, peer, log, emit } = this.#parts;
    const fields = differences(policy, theirs);
    if (fields.join() === this.#mismatch.join()) return;
    this.#mismatch = fields;
    if (fields.length === 0) {
      log.info('both nodes have the same policy again');
      return;
    }
    const [what, cure] = errorCodes.HS_POLICY_MISMATCH;
    log.error(what, { code: 'HS_POLICY_MISMATCH', cure, peer: peer.node, fields });
    void emit('policy.mismatch', { peer: peer.node, fields });
  }

  #look(): void {
    const { clock, policy, bus } = this.#parts;
    // Nothing is heard without NATS, and nothing can be handed over.
    if (!bus.connected()) return;
    const nowMs = clock.monotonicMs();
    const facts = this.#parts.facts();
    const fresh = this.#counted?.epoch === facts.activeEpoch && nowMs - this.#counted.atMs < countTrustedMs;
    const handOversBefore = fresh ? (this.#counted?.count ?? null) : null;
    const { state, decision } = (this.#parts.decidePolicy ?? decide)(this.#state, policy, {
      ...facts,
      nowMs,
      handOversBefore,
    });
    this.#state = state;
    this.#decision = decision;
    if (decision.do === 'count') void this.#count(facts.activeEpoch);
    if (decision.do === 'wait') this.#say(decision);
    else if (decision.do === 'nothing' && decision.note === null) this.#said = '';
    if (decision.do !== 'hand-over') return;
    this.#parts.log.warn('handing over by policy', { rule: decision.rule, reason: decision.reason });
    // Counted anew for the next time: this one is in it then.
    this.#counted = null;
    void this.#parts.handOver(decision);
  }

  /** Once for each reason; its numbers change from look to look. */
  #say({ rule, note }: Extract<PolicyDecision, { do: 'wait' }>): void {
    const same = `${rule} ${note.replaceAll(/\d+/g, '')}`;
    if (same === this.#said) return;
    this.#said = same;
    this.#parts.log.warn('a hand-over is due and waits', { rule, why: note });
    void this.#parts.emit('policy.waiting', { rule, why: note.slice(0, 1000) });
  }

  /** How often the pair handed over by itself: from the history, which both nodes write and which outlives them. */
  async #count(epoch: number | null): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    const { history, clock, log } = this.#parts;
    try {
      const transitions = await history.list(countedFromHistory);
      const sinceMs = clock.wallMs() - backOffWindowMs;
      const byItself = transitions.filter(
        ({ rule, operator, at }) =>
          (rule === 'failback' || rule === 'health-hand-over') && operator === null && Date.parse(at) >= sinceMs,
      );
      this.#counted = { epoch, atMs: clock.monotonicMs(), count: byItself.length };
      if (this.#stops.length > 0) this.#look();
    } catch (error) {
      log.info('a hand-over by policy waits for the history', { error: String(error) });
    } finally {
      this.#counting = false;
    }
  }
}
