import { StoreError, type WriteGuard } from '@hotstandby/ports';
import { escapeLiteral } from 'pg';
import { sqlStateOf, staleGuardState } from './faults.ts';
import { quoteName } from './quote.ts';
import type { SessionPool } from './session-pool.ts';
import type { Session } from './session.ts';

/**
 * One transaction whose last message is the guard's check together with the commit: the server does both without waiting
 * for this side, so a writer that is frozen or cut off holds no lock that a claim needs. Null: the reign is over, and
 * nothing was written. `write` must not touch the tables of the lease. Throws `StoreError`.
 */
export async function guardedWrite<Result>(
  pool: SessionPool,
  schema: string,
  guard: WriteGuard,
  write: (session: Session) => Promise<Result>,
): Promise<Result | null> {
  const { epoch, incarnation } = guard;
  if (!Number.isSafeInteger(epoch)) throw new RangeError(`an epoch must be an integer, not ${epoch}`);
  const check = `select ${quoteName(schema)}.guard(${epoch}, ${escapeLiteral(incarnation)})`;
  try {
    return await pool.use(async (session) => {
      await session.run('begin', pool.timeoutMs());
      const result = await write(session);
      await session.run(`${check}; commit`, pool.timeoutMs());
      return result;
    });
  } catch (error) {
    if (error instanceof StoreError && sqlStateOf(error.cause) === staleGuardState) return null;
    throw error;
  }
}
