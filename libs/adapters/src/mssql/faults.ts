import { StoreError, type StoreFault } from '@hotstandby/ports';
import { NoTlsError } from './guarded-socket.ts';

/** Errors that the statements of this folder throw themselves. */
export const ownErrors = { sessionEnded: 51_001, schemaBusy: 51_002, staleGuard: 51_003, turnLost: 51_004 } as const;

/** An error as the server said it. */
export interface ServerMessage {
  number: number;
  message: string;
  class?: number;
}

/** Login, database or a right. */
const refusals = new Set([
  229, 230, 262, 297, 300, 916, 2759, 2760, 4060, 4064, 15_151, 15_247, 18_452, 18_456, 18_470, 18_486, 18_487, 18_488,
]);
/** The database is read-only, or a replica of an availability group that is not the primary. */
const readOnly = new Set([976, 978, 982, 983, 3906]);
/** The session is being killed, or the server stops: what it was at may be done or not. */
const endings = new Set([596, 6005, 6006, 17_142, 17_148]);

/** Before the first statement was sent: whatever it was, nothing was carried out. */
export function connectFault(error: unknown, said: readonly ServerMessage[] = []): StoreError {
  if (error instanceof StoreError) return error;
  const causes = causesOf(error);
  const downgrade = causes.find((cause) => cause instanceof NoTlsError);
  if (downgrade) return new StoreError('insecure', downgrade.message, { cause: error });
  const answered = [...said, ...causes.filter(isServerMessage)];
  const told = answered.find(({ number }) => refusals.has(number)) ?? answered[0];
  if (told) return new StoreError(faultOf(told), `cannot connect: ${told.message} (${told.number})`, { cause: error });
  const fault = causes.some(isCertificateError) ? 'insecure' : 'unreachable';
  return new StoreError(fault, `cannot connect: ${messageOf(error)}`, { cause: error });
}

/**
 * After a statement was sent. Every statement is a transaction that an error rolls back (`XACT_ABORT`), so one that the
 * server answers with an error was not carried out; anything else, and an error that ends the session, leaves that open.
 */
export function statementFault(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const answered = causesOf(error).filter(isServerMessage);
  const first = answered.find(({ number }) => refusals.has(number)) ?? answered[0];
  if (!first || answered.some(endsSession)) return new StoreError('unknown', messageOf(error), { cause: error });
  return new StoreError(faultOf(first), `${first.message} (${first.number})`, { cause: error });
}

export function numberOf(error: unknown): number | null {
  return causesOf(error).find(isServerMessage)?.number ?? null;
}

function endsSession({ number, class: severity }: ServerMessage): boolean {
  // From severity 20 on the server closes the connection.
  return (severity ?? 0) >= 20 || endings.has(number);
}

function faultOf({ number }: ServerMessage): StoreFault {
  if (readOnly.has(number)) return 'read-only';
  return refusals.has(number) ? 'refused' : 'unreachable';
}

function isServerMessage(error: unknown): error is Error & ServerMessage {
  return error instanceof Error && typeof (error as { number?: unknown }).number === 'number';
}

/** What OpenSSL and Node say of a certificate that does not verify. */
function isCertificateError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /CERT|ERR_TLS|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code);
}

/** The error, what it is made of and what caused it; the driver wraps. */
function causesOf(error: unknown, depth = 0): unknown[] {
  if (depth > 5 || !(error instanceof Error)) return [error];
  const parts = error instanceof AggregateError ? error.errors : [];
  return [
    error,
    ...[...parts, ...(error.cause === undefined ? [] : [error.cause])].flatMap((one) => causesOf(one, depth + 1)),
  ];
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error);
}
