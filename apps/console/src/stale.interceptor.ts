import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ConsoleService } from '@hotstandby/services/console';
import { CONSOLE } from './tokens.ts';

/** Tells the console who asks, and by which name: a client that remembers where the virtual name led is found out. */
@Injectable()
export class StaleInterceptor implements NestInterceptor {
  readonly #console: ConsoleService;

  constructor(@Inject(CONSOLE) service: ConsoleService) {
    this.#console = service;
  }

  intercept(context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    const { headers, ip } = context.switchToHttp().getRequest<FastifyRequest>();
    this.#console.askedBy(ip, headers.host ?? '');
    return next.handle();
  }
}
