import { errorCodes, type ErrorCode } from '@hotstandby/contracts';

export interface Fault {
  code: ErrorCode;
  message: string;
  cure: string;
}

/** What was thrown, with its code when it has one of ours. */
export function faultOf(thrown: unknown, otherwise: ErrorCode): Fault {
  const given = (thrown as { code?: unknown } | null)?.code;
  const code = typeof given === 'string' && Object.hasOwn(errorCodes, given) ? (given as ErrorCode) : otherwise;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code, message, cure: errorCodes[code][1] };
}
