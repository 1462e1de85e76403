import type { ErrorCode } from '@hotstandby/contracts';

/** How a process ends, after sysexits.h. */
export const exitCodes = {
  ok: 0,
  /** The answer is no, or what was asked was not done. */
  negative: 1,
  usage: 64,
  unavailable: 69,
  /** A fault of the program. */
  software: 70,
  /** Trying again later may help: a supervisor restarts the service. */
  temporary: 75,
  /** Trying again does not help before a person has changed something. */
  configuration: 78,
} as const;

const temporary: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HS_DATA_LOCKED',
  'HS_PORT_IN_USE',
  'HS_STORE_UNREACHABLE',
  'HS_STORE_READ_ONLY',
  'HS_NATS_UNREACHABLE',
  'HS_SYNC_UNREACHABLE',
  'HS_SYNC_SPACE',
  'HS_MAIL_UNREACHABLE',
  'HS_BUSY',
  'HS_NO_ANSWER',
]);

/** The exit code of a service that could not start because of `code`. */
export function exitCodeOf(code: ErrorCode): number {
  return temporary.has(code) ? exitCodes.temporary : exitCodes.configuration;
}
