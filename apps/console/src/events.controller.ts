import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Inject, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { eventsQuery } from '@hotstandby/contracts';
import type { ConsoleService, FeedSink } from '@hotstandby/services/console';
import { CONSOLE } from './tokens.ts';
import { validate } from './validate.ts';

/** The ops stream as server-sent events; resumes after `Last-Event-ID` (a browser's own) or `?after=`. */
@Controller('api/events')
export class EventsController {
  readonly #console: ConsoleService;

  constructor(@Inject(CONSOLE) service: ConsoleService) {
    this.#console = service;
  }

  @Get()
  async events(
    @Query() query: Record<string, unknown>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    // After a break the browser sends the newer place in the header, and the query of the first time.
    const request = validate(eventsQuery, lastEventId ? { ...query, after: lastEventId } : query);
    this.#console.admitReader();
    reply.hijack();
    const response = reply.raw;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.on('error', () => gone.abort());
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx buffers otherwise.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    try {
      await this.#console.follow(request, sinkOf(response), gone.signal);
    } finally {
      response.destroy();
    }
  }
}

/** Waits for the client whenever the kernel's buffer and the stream's are full. */
function sinkOf(response: ServerResponse): FeedSink {
  return {
    async write(text) {
      if (response.write(text)) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
    },
  };
}
