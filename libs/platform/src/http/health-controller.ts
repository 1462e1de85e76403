import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { version } from '@hotstandby/contracts';
import type { Foundation } from '../foundation.ts';
import type { Health } from '../health.ts';
import type { PrometheusMetrics } from '../prometheus-metrics.ts';

export const HEALTH = Symbol('health');
export const METRICS = Symbol('metrics');
export const FOUNDATION = Symbol('foundation');

/** What every service answers, whoever it is. Liveness says only that the process turns; readiness that it does its job. */
@Controller()
export class HealthController {
  readonly #health: Health;
  readonly #metrics: PrometheusMetrics;
  readonly #foundation: Foundation;

  constructor(
    @Inject(HEALTH) health: Health,
    @Inject(METRICS) metrics: PrometheusMetrics,
    @Inject(FOUNDATION) foundation: Foundation,
  ) {
    this.#health = health;
    this.#metrics = metrics;
    this.#foundation = foundation;
  }

  @Get('health/live')
  @Header('cache-control', 'no-store')
  live() {
    return { status: 'live' };
  }

  @Get('health/ready')
  @Header('cache-control', 'no-store')
  ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const ready = this.#health.ready();
    reply.code(ready ? 200 : 503);
    const { health, summary } = this.#health.report();
    return { status: ready ? 'ready' : 'not ready', health, summary };
  }

  @Get('health')
  @Header('cache-control', 'no-store')
  health(@Res({ passthrough: true }) reply: FastifyReply) {
    const { service, place } = this.#foundation;
    const report = this.#health.report();
    reply.code(report.health === 'failed' ? 503 : 200);
    return { service, ...place, version, ready: this.#health.ready(), ...report };
  }

  @Get('metrics')
  @Header('cache-control', 'no-store')
  async metrics(@Res({ passthrough: true }) reply: FastifyReply) {
    const { type, text } = await this.#metrics.expose();
    reply.header('content-type', type);
    return text;
  }
}
