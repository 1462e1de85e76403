import { Controller, Get, Inject, Req, Res, UseInterceptors } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ActiveAnswer } from '@hotstandby/contracts';
import type { ConsoleService } from '@hotstandby/services/console';
import { consoleUrl } from './console-url.ts';
import { StaleInterceptor } from './stale.interceptor.ts';
import { CONSOLE } from './tokens.ts';

/** For people without a virtual address: `/active/api/status` of either node leads a browser to the active's `/api/status`. */
@Controller('active')
@UseInterceptors(StaleInterceptor)
export class LeadController {
  readonly #console: ConsoleService;

  constructor(@Inject(CONSOLE) service: ConsoleService) {
    this.#console = service;
  }

  /** 307, also on the active itself; 503 while nobody knows who is active. */
  @Get(['', '*'])
  lead(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): ActiveAnswer {
    const answer = this.#console.active();
    reply.header('cache-control', 'no-store');
    if (!answer.activeNode) {
      reply.code(503);
      return answer;
    }
    const rest = request.url.slice('/active'.length);
    const path = rest.startsWith('/') && rest.length > 1 ? rest : '/api/status';
    reply.code(307).header('location', `${consoleUrl(answer.activeNode)}${path}`);
    return answer;
  }
}
