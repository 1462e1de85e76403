import { orderResult, parse, subjects, type Order, type Place } from '@hotstandby/contracts';
import type { LeaseOrder, NodeRow, OrderAnswer, Self } from '@hotstandby/core/lease';
import { BusError } from '@hotstandby/ports';
import type { Bus, Clock, Logger, PauseRequest } from '@hotstandby/ports';

/** What the node's own row says beside its counter and role. */
export type NodeFacts = Pick<NodeRow, 'hostAddress' | 'consolePort' | 'natsPort' | 'version' | 'timeZone'>;

export interface OrderDeskParts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  place: Place;
  self: Self;
  facts: NodeFacts;
  timing: { leaseTtlMs: number; statementTimeoutMs: number };
}

/** Hands the arbiter's orders to heartbeat and says what became of them. Never rejects. */
export class OrderDesk {
  readonly #parts: OrderDeskParts;

  constructor(parts: OrderDeskParts) {
    this.#parts = parts;
  }

  place(order: LeaseOrder): Promise<OrderAnswer> {
    const { clock, timing } = this.#parts;
    return this.#send(this.#order(order, clock.monotonicMs() + timing.leaseTtlMs));
  }

  /** Beside the lease's own orders: it changes who may claim, not who does. */
  pause(request: PauseRequest): Promise<OrderAnswer> {
    const { clock, timing } = this.#parts;
    return this.#send({ do: 'pause', deadlineMs: clock.monotonicMs() + timing.leaseTtlMs, ...request });
  }

  async #send(order: Order): Promise<OrderAnswer> {
    const { bus, clock, log, place, timing } = this.#parts;
    const sentAtMs = clock.monotonicMs();
    try {
      const timeoutMs = timing.leaseTtlMs + timing.statementTimeoutMs;
      const result = parse(
        orderResult,
        await bus.request(subjects.execute(place), order, timeoutMs),
        'an order result',
      );
      if (result.outcome !== 'done')
        log.warn('an order did not succeed', { order: order.do, outcome: result.outcome, error: result.message });
      return result;
    } catch (error) {
      log.warn('heartbeat did not answer an order', { order: order.do, error: String(error) });
      // Without a listener, or without the bus, it never left; anything else may have been carried out.
      const surelyNot = error instanceof BusError && error.fault === 'no-responders';
      return { outcome: surelyNot ? 'not-sent' : 'unknown', sentAtMs, receivedAtMs: clock.monotonicMs(), reign: null };
    }
  }

  /** Asks for a look at the store now; its answer comes as an observation. */
  look(): void {
    const { bus, clock, place, timing } = this.#parts;
    const order: Order = { do: 'look', deadlineMs: clock.monotonicMs() + timing.leaseTtlMs };
    bus.request(subjects.execute(place), order, timing.leaseTtlMs).catch(() => {
      // The next beat looks anyway.
    });
  }

  #order(order: LeaseOrder, deadlineMs: number): Order {
    const { self, facts } = this.#parts;
    const { nodeId, incarnation, name } = self;
    switch (order.do) {
      case 'enter':
        return {
          do: 'enter',
          deadlineMs,
          row: { nodeId, name, incarnation, serverRole: 'STARTING', remembers: order.remembers, ...facts },
          replaces: order.replaces,
        };
      case 'claim':
      case 'readopt':
        return { ...order, deadlineMs, nodeId, incarnation };
      case 'register':
      case 'release':
        return { ...order, deadlineMs, incarnation };
    }
  }
}
