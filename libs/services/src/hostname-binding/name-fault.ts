import { errorCodes, type ErrorCode } from '@hotstandby/contracts';

export interface NameFault {
  code: string;
  message: string;
  cure: string;
}

export const nameFault = (code: ErrorCode, message: string): NameFault => ({
  code,
  message,
  cure: errorCodes[code][1],
});

/** What was thrown, as a fault; without a code of ours it is HS_DNS_FAILED. */
export function asNameFault(error: unknown): NameFault {
  const { code } = error as { code?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  const known = typeof code === 'string' && code in errorCodes ? (code as ErrorCode) : 'HS_DNS_FAILED';
  return nameFault(known, message);
}
