import { errorCodes, type ErrorCode } from '@hotstandby/contracts';
import type { Lack } from './look.ts';

/** One thing that was looked at before it is needed. */
export interface CheckLine {
  check: string;
  result: 'ok' | 'warn' | 'fail';
  message: string;
  /** Only when something is amiss. */
  code: string | null;
  cure: string | null;
}

export const good = (check: string, message: string): CheckLine => ({
  check,
  result: 'ok',
  message,
  code: null,
  cure: null,
});

export function amiss(check: string, result: 'warn' | 'fail', code: ErrorCode, message: string): CheckLine {
  return { check, result, message, code, cure: errorCodes[code][1] };
}

export const lacking = (check: string, result: 'warn' | 'fail', { code, message, cure }: Lack): CheckLine => ({
  check,
  result,
  message,
  code,
  cure,
});

/** What was thrown, with its own code; without one it is `fallback`. */
export function thrown(check: string, result: 'warn' | 'fail', error: unknown, fallback: ErrorCode): CheckLine {
  const { code } = error as { code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  const known = typeof code === 'string' && code in errorCodes ? (code as ErrorCode) : fallback;
  return amiss(check, result, known, message);
}
