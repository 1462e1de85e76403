import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CodedError, errorCodes, type ErrorCode } from '@hotstandby/contracts';
import type { Logger } from '@hotstandby/ports';

const statuses: Partial<Record<ErrorCode, number>> = {
  HS_USAGE: 400,
  HS_CONTRACT: 400,
  HS_NOT_FOUND: 404,
  HS_NOT_ACTIVE: 409,
  HS_NO_STANDBY: 409,
  HS_BUSY: 409,
  HS_TOO_MANY: 429,
  HS_STORE_UNREACHABLE: 503,
  HS_NATS_UNREACHABLE: 503,
  HS_NO_ANSWER: 504,
};

/** Every error leaves as JSON `{ code, message, cure }`; what nobody expected is logged, and its text stays here. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const { status, code, message, cure } = this.#describe(error);
    void reply.code(status).header('cache-control', 'no-store').send({ code, message, cure });
  }

  #describe(error: unknown): { status: number; code: ErrorCode; message: string; cure: string } {
    if (error instanceof CodedError) {
      return { status: statuses[error.code] ?? 500, code: error.code, message: error.message, cure: error.cure };
    }
    if (error instanceof HttpException) {
      const status = error.getStatus();
      const code: ErrorCode = status === 404 ? 'HS_NOT_FOUND' : status < 500 ? 'HS_USAGE' : 'HS_INTERNAL';
      return { status, code, message: error.message, cure: errorCodes[code][1] };
    }
    // Fastify's own refusals (a body too large, JSON that is none) carry a status.
    const status = (error as { statusCode?: unknown } | null)?.statusCode;
    if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
      return { status, code: 'HS_USAGE', message: error.message, cure: errorCodes.HS_USAGE[1] };
    }
    this.#log.error('a request failed in a way that nobody expected', { error });
    const [message, cure] = errorCodes.HS_INTERNAL;
    return { status: 500, code: 'HS_INTERNAL', message, cure };
  }
}
