import {
  observation as observationSchema,
  parse,
  promisedMessage,
  promiseRequest,
  subjects,
  type Emit,
  type Grant,
  type Permit,
  type Place,
  type PromiseAnswer,
} from '@hotstandby/contracts';
import {
  initialState,
  nextTickMs,
  standbyReady,
  step,
  watchClocks,
  type ClockWatch,
  type ForcedEnd,
  type HandOverEnd,
  type LeaseEffect,
  type LeaseInput,
  type LeaseState,
  type LeaseTiming,
} from '@hotstandby/core/lease';
import type { decide as decidePolicy, Policy, PolicyFacts } from '@hotstandby/core/policy';
import type {
  Bus,
  Cancel,
  Clock,
  History,
  Ids,
  Logger,
  Metrics,
  NodeMemory,
  Service,
  ServiceReport,
  Unsubscribe,
} from '@hotstandby/ports';
import { describe } from './describe.ts';
import { HistoryCopier } from './history-copier.ts';
import { Listeners } from './listeners.ts';
import { OrderDesk, type NodeFacts } from './order-desk.ts';
import { OperatorDesk, type HandOverAsked } from './operator-desk.ts';
import { PauseDesk } from './pause-desk.ts';
import { PolicyDesk } from './policy-desk.ts';

export interface ArbiterParts {
  bus: Bus;
  clock: Clock;
  ids: Ids;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  place: Place;
  peer: Place;
  memory: NodeMemory;
  history: History;
  kind: 'primary' | 'secondary';
  facts: NodeFacts;
  profile: string;
  policy: Policy;
  /** The lease's rules; the simulator gives known-bad ones. */
  decide?: typeof step;
  /** The policies' rules; the simulator gives known-bad ones. */
  decidePolicy?: typeof decidePolicy;
  timing: LeaseTiming & { statementTimeoutMs: number };
}

const byHand = { rule: 'hand-over', evidence: {} } as const;

/** The planned stop of an active waits no longer than this for its listeners. */
const stopPrepareMs = 2000;

/**
 * The shell around `step`: inputs from the bus go in, effects are carried out. It alone owns role transitions; the
 * lease's statements go through heartbeat, one order at a time.
 */
export class Arbiter implements Service {
  readonly #parts: ArbiterParts;
  readonly #listeners: Listeners;
  readonly #copier: HistoryCopier;
  readonly #desk: OrderDesk;
  readonly #grantSubject: string;
  readonly #permitSubject: string;
  readonly #pause: PauseDesk;
  readonly #policy: PolicyDesk;
  readonly #operators: OperatorDesk;
  readonly #transitions;
  readonly #epochGauge;
  #state: LeaseState;
  #clocks: ClockWatch | null = null;
  #cancelTick: Cancel = () => {};
  #stops: Unsubscribe[] = [];
  #handOverEnded: ((ended: HandOverEnd) => void) | null = null;
  #forcedEnded: ((ended: ForcedEnd) => void) | null = null;

  constructor(parts: ArbiterParts) {
    this.#parts = parts;
    const { memory, ids, place, kind, clock, timing, metrics, policy } = parts;
    const self = { nodeId: memory.nodeId(), name: place.node, incarnation: ids.uuid(), kind };
    const [nowMs, highest, reign] = [clock.monotonicMs(), memory.highestEpoch(), memory.rememberedReign()];
    this.#state = initialState(self, timing, nowMs, highest, reign, policy.enabled);
    this.#grantSubject = subjects.grant(place);
    this.#permitSubject = subjects.permit(place);
    const { incarnation } = self;
    const preparing = () => this.#state.handOver?.phase === 'preparing';
    this.#listeners = new Listeners({ ...parts, incarnation, preparing });
    this.#copier = new HistoryCopier(parts);
    this.#desk = new OrderDesk({ ...parts, self });
    this.#pause = new PauseDesk({ clock, desk: this.#desk, state: () => this.#state });
    this.#policy = new PolicyDesk({
      ...parts,
      facts: () => this.#policyFacts(),
      handOver: async (asked) => {
        const ended = await this.#handOverAsAsked({ ...asked, operator: null });
        if (!ended.done) parts.log.warn('the hand-over by policy was not made', { ...ended });
      },
    });
    this.#operators = new OperatorDesk({
      ...parts,
      state: () => this.#state,
      paused: () => this.#pause.now() !== null,
      standby: () => this.#standby(),
      peerUnwell: () => this.#policy.unwell('peer'),
      handOver: (asked) => this.#handOverAsAsked(asked),
      force: (asked) => this.#force(asked),
    });
    this.#transitions = metrics.counter('hotstandby_role_transitions_total', 'Transitions of the role by rule.', [
      'rule',
      'to',
    ]);
    this.#epochGauge = metrics.gauge('hotstandby_epoch', 'The epoch this node is active under; 0 when it is not.');
  }

  async start(): Promise<void> {
    const { bus, place, peer } = this.#parts;
    // The wait "since its own start" counts from now, not from the construction.
    this.#state = { ...this.#state, startedAtMs: this.#nowMs() };
    this.#stops = [
      bus.subscribe(subjects.observation(place), (payload) => this.#observed(payload)),
      bus.subscribe(subjects.released(peer), () => this.#desk.look()),
      bus.subscribe(subjects.promised(place), (payload) => this.#promised(payload)),
      bus.respond(subjects.promise(place), (payload) => this.#promise(payload)),
      bus.respond(subjects.describe(place), () => this.#describe()),
      bus.respond(subjects.switchover(place), (payload) => this.#operators.switchover(payload)),
      bus.respond(subjects.failback(place), (payload) => this.#operators.failback(payload)),
      bus.respond(subjects.pause(place), (payload) => this.#pause.pause(payload)),
      bus.respond(subjects.resume(place), (payload) => this.#pause.resume(payload)),
      bus.respond(subjects.takeover(place), (payload) => this.#operators.takeover(payload)),
      bus.respond(subjects.registerListener(place), (payload) => this.#listeners.register(payload)),
      bus.respond(subjects.deregisterListener(place), (payload) => this.#listeners.deregister(payload)),
    ];
    this.#copier.wake();
    this.#policy.start();
  }

  /** An active lets go first, so that the standby need not wait for its silence. */
  async stop(): Promise<void> {
    this.#policy.stop();
    if (this.#state.role === 'active') {
      const prepareMs = Math.min(stopPrepareMs, this.#listeners.totalDeadlineMs());
      const reason = this.#pause.now()
        ? 'the node is being stopped; the pair is paused, so nobody takes over'
        : 'the node is being stopped';
      await this.#handOver({ ...byHand, operator: null, reason, prepareMs, final: true });
    }
    this.#cancelTick();
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await this.#copier.stop();
    this.#tellGates({ role: 'stopped', epoch: null, deadlineMs: this.#nowMs(), tenure: null });
    this.#parts.memory.close();
  }

  report(): ServiceReport {
    const { role, reason, barred, doubt, store } = this.#state;
    const pause = this.#pause.now();
    const detail = {
      role,
      epoch: this.#state.view?.reign.epoch ?? 0,
      rule: reason,
      // What the other node's arbiter compares with its own.
      policy: this.#parts.policy,
      paused: pause !== null,
    };
    if (barred) return { health: 'failed', summary: barred, detail };
    if (doubt) return { health: 'degraded', summary: `${role}; ${doubt.why}`, detail };
    if (store.message) return { health: 'degraded', summary: `${role}; ${store.message}`, detail };
    const trouble = this.#policy.trouble();
    if (trouble) return { health: 'degraded', summary: `${role}; ${trouble}`, detail };
    const more = pause ? `; paused until ${pause.endsAt}` : '';
    return { health: 'ok', summary: `${role}: ${reason}${more}`, detail };
  }

  #observed(payload: unknown): void {
    const { clock, log, memory } = this.#parts;
    try {
      const seen = parse(observationSchema, payload, 'an observation');
      const nowMs = clock.monotonicMs();
      if (seen.kind === 'failed') {
        if (seen.fault === 'foreign') this.#bar(`the store is foreign: ${seen.message}`);
        this.#take({ ...seen, kind: 'store-failed', nowMs });
        return;
      }
      const ownStore = memory.storeId();
      if (ownStore === null) memory.bindStore(seen.storeId);
      else if (ownStore !== seen.storeId) {
        this.#bar('the store is not the one this node was set up with');
        return;
      }
      this.#take({ ...seen, nowMs, wallMs: clock.wallMs() });
    } catch (error) {
      log.error('an observation was not understood and is ignored', { error: String(error) });
    }
  }

  #promised(payload: unknown): void {
    try {
      const { sentAtMs, asked } = parse(promisedMessage, payload, 'a promise');
      this.#take({ kind: 'promised', nowMs: this.#nowMs(), sentAtMs, asked });
    } catch (error) {
      this.#parts.log.error('a promise was not understood and is ignored', { error: String(error) });
    }
  }

  /** Asked by the peer, over heartbeat's own connection. What is promised binds the next claim before the answer leaves. */
  #promise(payload: unknown): PromiseAnswer {
    const asked = parse(promiseRequest, payload, 'a promise request');
    let answer: PromiseAnswer = { refused: 'the arbiter is stopping' };
    if (this.#stops.length === 0) return answer;
    for (const effect of this.#take({ kind: 'promise-asked', nowMs: this.#nowMs(), asked })) {
      if (effect.do === 'promise') answer = { refused: effect.refused };
    }
    return answer;
  }

  #bar(reason: string): void {
    if (this.#state.barred === reason) return;
    this.#parts.log.error('this node takes no part', { code: 'HS_STORE_FOREIGN', reason });
    void this.#parts.emit('store.foreign', { message: reason });
    this.#take({ kind: 'barred', nowMs: this.#nowMs(), reason });
  }

  /** Before anything is decided: a machine that was suspended must not find its grant still valid. */
  #take(input: LeaseInput): LeaseEffect[] {
    this.#lookAtClocks();
    return this.#decide(input);
  }

  #lookAtClocks(): void {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    const [bootMs, wallMs, monotonicMs] = [clock.bootMs(), clock.wallMs(), clock.monotonicMs()];
    const { watch, suspendedMs, steppedMs } = watchClocks(this.#clocks, { beganMs, bootMs, wallMs, monotonicMs });
    this.#clocks = watch;
    if (suspendedMs === null && steppedMs === null) return;
    this.#parts.log.warn('the clocks of this machine jumped', { suspendedMs, steppedMs });
    this.#decide({ kind: 'clocks', nowMs: monotonicMs, suspendedMs, steppedMs });
  }

  /** One input: decide, then act, in the order of the effects. */
  #decide(input: LeaseInput): LeaseEffect[] {
    const { state, effects } = (this.#parts.decide ?? step)(this.#state, input);
    const isNew = state !== this.#state;
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    // What says nothing does nothing about what is due, so the tick for that must come all the same; one that came a
    // rounding error too early is used up, and another one must.
    if (isNew || input.kind === 'tick') this.#scheduleTick();
    return effects;
  }

  #scheduleTick(): void {
    const nowMs = this.#nowMs();
    const dueMs = nextTickMs(this.#state, nowMs);
    this.#cancelTick();
    if (dueMs === null) return;
    this.#cancelTick = this.#parts.clock.after(Math.max(0, dueMs - nowMs), () =>
      this.#take({ kind: 'tick', nowMs: this.#nowMs() }),
    );
  }

  #carryOut(effect: LeaseEffect): void {
    const { bus, place, memory, clock } = this.#parts;
    const { self } = this.#state;
    switch (effect.do) {
      case 'grant':
        return this.#tellGates(effect);
      case 'permit': {
        const { epoch, serverRole, timeline, remembers, untilMs, voter } = effect;
        const { nodeId, incarnation } = self;
        const message: Permit = { incarnation, nodeId, epoch, serverRole, timeline, remembers, untilMs, voter };
        return bus.publish(this.#permitSubject, message);
      }
      case 'order':
        void this.#desk.place(effect.order).then((result) => {
          this.#take({ kind: 'ordered', nowMs: this.#nowMs(), wallMs: clock.wallMs(), order: effect.order.do, result });
        });
        return;
      case 'remember':
        // The reign first: who dies in between knows whose it is, and not a number alone that nobody can go on from.
        if (effect.reign) memory.rememberReign(effect.reign);
        memory.rememberEpoch(effect.epoch);
        return;
      case 'transition':
        return this.#transition(effect);
      case 'prepare':
        void this.#listeners
          .ask({ phase: 'pre', from: effect.from, to: effect.to, epoch: effect.epoch, rule: effect.rule })
          .then((late) => this.#take({ kind: 'prepared', nowMs: this.#nowMs(), late }));
        return;
      case 'promise':
        // The answer itself; `#promise` returns it.
        return;
      case 'beat-now':
        // A look, and with its answer the next beat.
        return this.#desk.look();
      case 'tell-peer':
        return bus.publish(subjects.released(place), { epoch: effect.epoch });
      case 'fact':
        void this.#parts.emit(effect.fact.type, effect.fact.data, { epoch: this.#state.view?.reign.epoch ?? 0 });
        return;
      case 'handed-over':
        this.#handOverEnded?.(effect.ended);
        return;
      case 'forced':
        this.#forcedEnded?.(effect.ended);
        return;
    }
  }

  #tellGates(effect: Pick<Grant, 'role' | 'epoch' | 'deadlineMs' | 'tenure'>): void {
    const { nodeId, incarnation } = this.#state.self;
    const { role, epoch, deadlineMs, tenure } = effect;
    this.#parts.bus.publish(this.#grantSubject, {
      role,
      epoch,
      deadlineMs,
      tenure,
      nodeId,
      incarnation,
    } satisfies Grant);
    this.#epochGauge.set(epoch ?? 0);
  }

  #transition(effect: Extract<LeaseEffect, { do: 'transition' }>): void {
    const { ids, memory, place, clock, log, emit } = this.#parts;
    const { from, to, rule, reason, epoch, planned, operator, evidence } = effect;
    const id = ids.uuid();
    const at = new Date(clock.wallMs()).toISOString();
    memory.journal({ id, node: place.node, nodeId: memory.nodeId(), epoch, from, to, rule, evidence, operator, at });
    this.#copier.wake();
    this.#transitions.add(1, { rule, to });
    log.info('role changed', { from, to, rule, reason, epoch });
    void emit('role.changed', { from, to, rule, reason, planned, operator, evidence }, { id, epoch, rule });
    void this.#listeners.ask({ phase: 'post', from, to, epoch, rule });
  }

  #describe() {
    const { profile } = this.#parts;
    return describe(this.#state, this.#nowMs(), {
      profile,
      listeners: this.#listeners.list(),
      pause: this.#pause.now(),
      policy: this.#policy.state(),
    });
  }

  #force(asked: { operator: string; reason: string; epoch: number | null }): Promise<ForcedEnd> {
    if (this.#forcedEnded) {
      return Promise.resolve({ done: false, code: 'HS_BUSY', message: 'a forced take-over is under way' });
    }
    return new Promise((resolve) => {
      this.#forcedEnded = (ended) => {
        this.#forcedEnded = null;
        resolve(ended);
      };
      this.#take({ kind: 'force', nowMs: this.#nowMs(), ...asked });
    });
  }

  #policyFacts() {
    const state = this.#state;
    return {
      activeEpoch: state.role === 'active' ? (state.grant?.epoch ?? null) : null,
      kind: this.#parts.kind,
      paused: this.#pause.now() !== null,
      busy: state.handOver !== null || this.#handOverEnded !== null,
      standby: this.#standby(),
    };
  }

  /** The registered standby. The other node of the pair is the primary where this one is not. */
  #standby(): PolicyFacts['standby'] {
    const { view } = this.#state;
    const row = view?.nodes.find(({ nodeId }) => nodeId === view.reign.standby);
    if (!row) return null;
    const { kind, peer } = this.#parts;
    const primary = kind === 'secondary' && row.name === peer.node;
    return { name: row.name, incarnation: row.incarnation, primary, ready: standbyReady(this.#state, this.#nowMs()) };
  }

  #handOverAsAsked(asked: HandOverAsked): Promise<HandOverEnd> {
    return this.#handOver({ ...asked, prepareMs: this.#listeners.totalDeadlineMs(), final: false });
  }

  /** Resolves when the hand-over that this begins has ended, one way or the other. */
  #handOver(asked: HandOverAsked & { prepareMs: number; final: boolean }): Promise<HandOverEnd> {
    if (this.#handOverEnded) {
      return Promise.resolve({ done: false, code: 'HS_BUSY', message: 'a hand-over is under way' });
    }
    return new Promise((resolve) => {
      const { timing, clock } = this.#parts;
      const end = (ended: HandOverEnd) => {
        cancel();
        this.#handOverEnded = null;
        resolve(ended);
      };
      // The lease ends every hand-over by itself; this only keeps the asker from waiting for a dead store.
      // A node that is being stopped has nothing to gain once its grant is over: the standby claims by itself then.
      const patienceMs = asked.final ? 2 * timing.takeoverWaitMs + 500 : 10 * timing.takeoverWaitMs + 5000;
      const cancel = clock.after(asked.prepareMs + patienceMs, () =>
        end({
          done: false,
          code: 'HS_SWITCHOVER_TIMEOUT',
          message: 'the hand-over did not end in time; see hotstandby status',
        }),
      );
      this.#handOverEnded = end;
      this.#take({ kind: 'hand-over', nowMs: this.#nowMs(), ...asked });
    });
  }

  #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }
}
