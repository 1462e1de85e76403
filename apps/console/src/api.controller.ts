import { Controller, Get, Header, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import {
  historyQuery,
  recordsQuery,
  type HistoryAnswer,
  type PairStatus,
  type RecordsAnswer,
  type StaleSendersAnswer,
} from '@hotstandby/contracts';
import type { ConsoleService } from '@hotstandby/services/console';
import { StaleInterceptor } from './stale.interceptor.ts';
import { CONSOLE } from './tokens.ts';
import { validate } from './validate.ts';

/** What can be asked; nothing here changes anything. Shapes: `libs/contracts/src/console-api.ts`. */
@Controller('api')
@UseInterceptors(StaleInterceptor)
export class ApiController {
  readonly #console: ConsoleService;

  constructor(@Inject(CONSOLE) service: ConsoleService) {
    this.#console = service;
  }

  @Get('status')
  @Header('cache-control', 'no-store')
  status(): Promise<PairStatus> {
    return this.#console.status();
  }

  @Get('stale-senders')
  @Header('cache-control', 'no-store')
  staleSenders(): Promise<StaleSendersAnswer> {
    return this.#console.staleSenders();
  }

  @Get('history')
  @Header('cache-control', 'no-store')
  history(@Query() query: unknown): Promise<HistoryAnswer> {
    return this.#console.history(validate(historyQuery, query).last);
  }

  @Get('records/:kind')
  @Header('cache-control', 'no-store')
  records(@Param('kind') kind: string, @Query() query: Record<string, unknown>): Promise<RecordsAnswer> {
    const asked = validate(recordsQuery, { ...query, kind });
    return this.#console.records(asked.kind, asked.last);
  }
}
