import { CodedError, ContractError, errorCodes, type ApiError, type ErrorCode } from '@hotstandby/contracts';
import { BusError, StoreError, type BusFault, type Clock, type StoreFault } from '@hotstandby/ports';

const busCodes: Record<BusFault, ErrorCode> = {
  'no-responders': 'HS_NO_ANSWER',
  timeout: 'HS_NO_ANSWER',
  disconnected: 'HS_NATS_UNREACHABLE',
  remote: 'HS_INTERNAL',
};

const storeCodes: Record<StoreFault, ErrorCode> = {
  unreachable: 'HS_STORE_UNREACHABLE',
  unknown: 'HS_STORE_UNREACHABLE',
  refused: 'HS_STORE_REFUSED',
  foreign: 'HS_STORE_FOREIGN',
  'newer-schema': 'HS_STORE_NEWER',
  'read-only': 'HS_STORE_READ_ONLY',
  insecure: 'HS_STORE_INSECURE',
};

/** The fault as a person is told it. What is none of the expected ones becomes `HS_INTERNAL`. */
export function codedFault(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  if (error instanceof StoreError) return new CodedError(storeCodes[error.fault], error.message, { cause: error });
  if (error instanceof ContractError) return new CodedError('HS_CONTRACT', error.message, { cause: error });
  if (error instanceof BusError) {
    const code =
      error.code !== undefined && error.code in errorCodes ? (error.code as ErrorCode) : busCodes[error.fault];
    return new CodedError(code, error.message, { cause: error });
  }
  return new CodedError('HS_INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}

export function apiError(error: unknown): ApiError {
  const { code, message, cure } = codedFault(error);
  return { code, message, cure };
}

/** The answer, or a rejection with `code` after `timeoutMs`; what comes later is ignored. */
export function within<Answer>(
  clock: Clock,
  timeoutMs: number,
  asked: Promise<Answer>,
  late: { code: ErrorCode; message: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(new CodedError(late.code, late.message)));
    asked.then(resolve, reject).finally(cancel);
  });
}
