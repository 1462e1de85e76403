import { Controller, Get, Header, Inject, Param, Query } from '@nestjs/common';
import {
  historyQuery,
  recordsQuery,
  type HistoryAnswer,
  type PairStatus,
  type RecordsAnswer,
} from '@hotstandby/contracts';
import type { ConsoleService } from '@hotstandby/services/console';
import { CONSOLE } from './tokens.ts';
import { validate } from './validate.ts';

/** What can be asked; nothing here changes anything. Shapes: `libs/contracts/src/console-api.ts`. */
@Controller('api')
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
