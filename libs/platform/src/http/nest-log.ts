import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@hotstandby/ports';

/** Nest's own messages: its start-up chatter is dropped, the rest goes where everything goes. */
export function nestLog(log: Logger): LoggerService {
  const text = (message: unknown) => (message instanceof Error ? (message.stack ?? message.message) : String(message));
  return {
    log: () => {},
    warn: (message: unknown) => log.warn(text(message), { from: 'nest' }),
    error: (message: unknown) => log.error(text(message), { from: 'nest' }),
  };
}
