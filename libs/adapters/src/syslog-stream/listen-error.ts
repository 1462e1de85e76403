import { CodedError, type ErrorCode } from '@hotstandby/contracts';
import type { ListenRequest } from '@hotstandby/ports';

const codes: Record<string, ErrorCode> = {
  EADDRINUSE: 'HS_PORT_IN_USE',
  EACCES: 'HS_PORT_FORBIDDEN',
  EPERM: 'HS_PORT_FORBIDDEN',
  EADDRNOTAVAIL: 'HS_ADDRESS_UNAVAILABLE',
  EAFNOSUPPORT: 'HS_ADDRESS_UNAVAILABLE',
  EINVAL: 'HS_ADDRESS_UNAVAILABLE',
};

/** What the system said of a listener, as the error that a person meets; what is not known passes as it is. */
export function listenError(error: NodeJS.ErrnoException, { transport, address, port, kind }: ListenRequest): Error {
  const code = codes[error.code ?? ''];
  if (!code) return error;
  const where = `${transport ?? 'tcp'} ${address} port ${port} (${kind})`;
  return new CodedError(code, `cannot listen on ${where}: ${error.code}`, { cause: error });
}
