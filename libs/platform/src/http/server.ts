import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CodedError } from '@hotstandby/contracts';
import type { Foundation, Wiring } from '../foundation.ts';
import type { Health } from '../health.ts';
import type { PrometheusMetrics } from '../prometheus-metrics.ts';
import { ErrorFilter } from './error-filter.ts';
import { FOUNDATION, HEALTH, HealthController, METRICS } from './health-controller.ts';
import { nestLog } from './nest-log.ts';

export interface HttpServer {
  /** The port it really listens on. */
  port: number;
  close(): Promise<void>;
}

@Module({})
class ServiceModule {}

/** The service's HTTP side: `/health...`, `/metrics` and the wiring's own controllers. Throws `CodedError`. */
export async function openHttp(
  foundation: Foundation,
  health: Health,
  metrics: PrometheusMetrics,
  wiring: Pick<Wiring, 'controllers' | 'providers'>,
): Promise<HttpServer> {
  const { service, config, log } = foundation;
  const adapter = new FastifyAdapter({
    bodyLimit: 64 * 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    // Event streams never end by themselves: a stop must not wait for their readers.
    forceCloseConnections: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    {
      module: ServiceModule,
      controllers: [HealthController, ...(wiring.controllers ?? [])],
      providers: [
        { provide: HEALTH, useValue: health },
        { provide: METRICS, useValue: metrics },
        { provide: FOUNDATION, useValue: foundation },
        ...(wiring.providers ?? []),
      ],
    },
    adapter,
    { logger: nestLog(log), abortOnError: false },
  );
  app.useGlobalFilters(new ErrorFilter(log));
  app.getHttpServer().maxConnections = 256;

  const address = config.http.address ?? config.node.address;
  const wanted = config.http[service];
  try {
    await listen(app, wanted, address);
  } catch (error) {
    const taken = error instanceof CodedError && error.code === 'HS_PORT_IN_USE';
    // People and balancers know the console by its port; replicas of the others take a free one and announce it.
    if (!taken || service === 'console') {
      await app.close().catch(() => {});
      throw error;
    }
    await listen(app, 0, address);
    log.info('the configured HTTP port is taken, another one is used', { wanted, port: portOf(app) });
  }
  return { port: portOf(app), close: () => app.close() };
}

async function listen(app: NestFastifyApplication, port: number, address: string): Promise<void> {
  try {
    await app.listen(port, address);
  } catch (error) {
    const where = `${address}:${port}`;
    const cause = error as NodeJS.ErrnoException;
    if (cause.code === 'EADDRINUSE') throw new CodedError('HS_PORT_IN_USE', `${where} is taken`, { cause });
    if (cause.code === 'EACCES') throw new CodedError('HS_PORT_FORBIDDEN', `${where} is not allowed`, { cause });
    if (cause.code === 'EADDRNOTAVAIL') {
      throw new CodedError('HS_ADDRESS_UNAVAILABLE', `this host does not have ${address}`, { cause });
    }
    throw error;
  }
}

function portOf(app: NestFastifyApplication): number {
  const bound = app.getHttpServer().address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}
