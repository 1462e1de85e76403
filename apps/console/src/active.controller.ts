import { Controller, Get, Header, Inject, Res, UseInterceptors } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { ActiveAnswer } from '@hotstandby/contracts';
import type { ConsoleService } from '@hotstandby/services/console';
import { consoleUrl } from './console-url.ts';
import { StaleInterceptor } from './stale.interceptor.ts';
import { CONSOLE } from './tokens.ts';

/** For load balancers, and for people who have no virtual address: who is active. */
@Controller('health/active')
@UseInterceptors(StaleInterceptor)
export class ActiveController {
  readonly #console: ConsoleService;

  constructor(@Inject(CONSOLE) service: ConsoleService) {
    this.#console = service;
  }

  /** 200 on the active; else 503, with the active's address in the body and in headers when it is known: `Location` is this page of the active. */
  @Get()
  @Header('cache-control', 'no-store')
  active(@Res({ passthrough: true }) reply: FastifyReply): ActiveAnswer {
    const answer = this.#console.active();
    reply.code(answer.active ? 200 : 503);
    if (answer.activeNode) {
      reply.header('x-hotstandby-active', answer.activeNode.address);
      if (!answer.active) reply.header('location', `${consoleUrl(answer.activeNode)}/health/active`);
    }
    return answer;
  }
}
