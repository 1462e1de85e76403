import { StoreError, type StoreFault } from '@hotstandby/ports';
import { DatabaseError } from 'pg';

/** What a write under a reign that is over is refused with (`guard`). */
export const staleGuardState = 'HS001';

export function sqlStateOf(error: unknown): string | null {
  return error instanceof DatabaseError ? (error.code ?? null) : null;
}

/** Before the first statement was sent: whatever it was, nothing was carried out. */
export function connectFault(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const state = sqlStateOf(error);
  return new StoreError(state === null ? 'unreachable' : faultOf(state), `cannot connect: ${messageOf(error)}`, {
    cause: error,
  });
}

/**
 * After a statement was sent. An error that the database itself answers rolled the statement back; anything else, and an
 * error that ends the session, leaves open whether it was carried out.
 */
export function statementFault(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const state = sqlStateOf(error);
  if (state === null || endsSession(state)) return new StoreError('unknown', messageOf(error), { cause: error });
  return new StoreError(faultOf(state), `${messageOf(error)} (${state})`, { cause: error });
}

function endsSession(state: string): boolean {
  // Shut down, crashed, disconnected (57P01..57P05); protocol and connection (08); the server's own disk or code (58, XX).
  return /^(57P|08|58|XX)/.test(state);
}

function faultOf(state: string): StoreFault {
  if (state === '25006') return 'read-only';
  // Authorisation, no such database, no right.
  if (state.startsWith('28') || state === '3D000' || state === '42501') return 'refused';
  return 'unreachable';
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error);
}
