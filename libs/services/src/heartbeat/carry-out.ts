import type { Order, OrderResult } from '@hotstandby/contracts';
import { StoreError } from '@hotstandby/ports';
import type { Clock, LeaseStore, Reign } from '@hotstandby/ports';

/** Sends the one statement that an order stands for. Never rejects: what is not known is said to be unknown. */
export async function carryOut(order: Order, store: LeaseStore, clock: Clock): Promise<OrderResult> {
  const sentAtMs = clock.monotonicMs();
  const ended = (outcome: OrderResult['outcome'], reign: Reign | null, message?: string): OrderResult => ({
    outcome,
    sentAtMs,
    receivedAtMs: clock.monotonicMs(),
    reign,
    ...(message === undefined ? {} : { message: message.slice(0, 500) }),
  });
  try {
    const reign = await send(order, store);
    return reign ? ended('done', reign) : ended('refused', null);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Only what surely never reached the database may be called not sent.
    const surelyNot = error instanceof StoreError && error.fault !== 'unknown';
    return ended(surelyNot ? 'not-sent' : 'unknown', null, message);
  }
}

/** The reign after the statement; null: the store said that something else holds now. */
async function send(order: Order, store: LeaseStore): Promise<Reign | null> {
  switch (order.do) {
    case 'enter':
      return (await store.enter({ ...order.row, replaces: order.replaces }))?.reign ?? null;
    case 'claim':
      return store.claim(order);
    case 'register':
      return store.register(order);
    case 'readopt':
      return store.readopt(order);
    case 'release':
      return store.release(order);
    case 'pause':
      return store.pause(order);
    case 'look':
      return (await store.look()).reign;
  }
}
