import type { WriteGuard } from '@hotstandby/ports';
import { ownErrors } from '../faults.ts';
import { bigint, id, type Parameters } from '../parameters.ts';
import type { Session } from '../session.ts';

/**
 * One batch that is one transaction and ends with the guard's check: the server carries it out without waiting for this
 * side, so a writer that is frozen or cut off holds no lock of anything, and `reign` is locked only from the check to the
 * commit. The lock is a shared one until the end of the transaction, also under READ_COMMITTED_SNAPSHOT, where a plain SELECT
 * would not wait for a claim that is about to commit. It is the last lock that is taken, and of the lease's tables the only
 * one: nobody can wait for it in a circle. On another timeline than the reign's nothing is written: a later reign may have been
 * forgotten.
 */
export function guardedBatch(schema: string, parts: { declared?: string; body: string; answer?: string }): string {
  const { declared = '', body, answer = '' } = parts;
  return `SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;
${declared}
BEGIN TRY
  BEGIN TRANSACTION;
${body}
  SET @held = (SELECT COUNT(*) FROM ${schema}.reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW ${ownErrors.staleGuard}, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;
${answer}`;
}

/** What every guarded batch compares. Throws `RangeError` for an epoch that is no integer. */
export function guardParameters(guard: WriteGuard, session: Session): Parameters {
  return {
    epoch: bigint(guard.epoch),
    incarnation: id(guard.incarnation),
    now_timeline: id(session.facts().timeline),
  };
}
