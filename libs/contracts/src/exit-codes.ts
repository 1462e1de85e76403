import type { ErrorCode } from './error-codes.ts';

/** How a process ends, after sysexits.h; docs/cli.md. */
export const exitCodes = {
  ok: 0,
  /** The answer is no, or what was asked was not done. */
  negative: 1,
  usage: 64,
  /** What had to be asked does not answer. */
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
export function serviceExitCode(code: ErrorCode): number {
  return temporary.has(code) ? exitCodes.temporary : exitCodes.configuration;
}

const unavailable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HS_NATS_UNREACHABLE',
  'HS_STORE_UNREACHABLE',
  'HS_NO_ANSWER',
  'HS_DNS_UNREACHABLE',
  'HS_DNS_TIMEOUT',
]);
const negative: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HS_NOT_ACTIVE',
  'HS_NO_STANDBY',
  'HS_PAUSED',
  'HS_NOT_PAUSED',
  'HS_FAILOVER_OFF',
  'HS_FAILBACK_NEVER',
  'HS_HOLDER_ALIVE',
  'HS_BUSY',
  'HS_SWITCHOVER_TIMEOUT',
]);

/** The exit code of a command line that ended with `code`. */
export function commandExitCode(code: ErrorCode): number {
  if (code === 'HS_USAGE') return exitCodes.usage;
  if (code === 'HS_INTERNAL' || code === 'HS_CONTRACT') return exitCodes.software;
  if (unavailable.has(code)) return exitCodes.unavailable;
  return negative.has(code) ? exitCodes.negative : exitCodes.configuration;
}
