import { version, type ServiceName } from '@hotstandby/contracts';
import type { NodeConfig } from '@hotstandby/config';
import type { Logger, Service } from '@hotstandby/ports';
import { makeEmit } from './emit.ts';
import type { Foundation, Wire } from './foundation.ts';
import { Health } from './health.ts';
import { AddressFile } from './http/address-file.ts';
import { openHttp, type HttpServer } from './http/server.ts';
import { PrometheusMetrics } from './prometheus-metrics.ts';
import { publishStatus } from './status-publisher.ts';

export interface RunningService {
  httpPort: number;
  /** Ends everything in the reverse order; never rejects. */
  stop(): Promise<void>;
}

/** The longest that a last word may hold up the end. */
const lastWordMs = 500;

/** Wires and starts one service. What was opened is closed again when it throws. `signal` ends a start that waits. */
export async function startService(
  name: ServiceName,
  config: NodeConfig,
  log: Logger,
  wire: Wire,
  signal: AbortSignal,
): Promise<RunningService> {
  const place = { cluster: config.cluster, node: config.node.name };
  const metrics = new PrometheusMetrics({ ...place, service: name });
  const foundation: Foundation = { service: name, config, place, log, metrics };
  const health = new Health();
  const wiring = await wire(foundation);
  const { clock, ids, bus, events } = wiring;
  const emit = makeEmit(foundation, wiring);
  const instance = ids.uuid().slice(0, 8);
  const briefly = (word: Promise<void>) =>
    Promise.race([word, new Promise<void>((resolve) => clock.after(lastWordMs, resolve))]);

  let service: Service | null = null;
  let http: HttpServer | null = null;
  const addressFile = new AddressFile(process.env['HOTSTANDBY_HTTP_FILE'], log);
  let stopPublishing = () => {};
  const end = async (lastWord: () => Promise<void>) => {
    health.stopping();
    stopPublishing();
    await quietly(log, 'the service did not stop cleanly', () => service?.stop());
    await briefly(lastWord());
    await addressFile.remove();
    await quietly(log, 'the HTTP server did not close', () => http?.close());
    await quietly(log, 'a connection did not close', () => wiring.close());
  };

  try {
    service = await wiring.service({ ...foundation, clock, ids, bus, events, emit });
    health.watch(service);
    http = await openHttp(foundation, health, metrics, wiring);
    const address = config.http.address ?? config.node.address;
    await addressFile.write(address, http.port);
    stopPublishing = publishStatus(foundation, health, { clock, bus, instance, httpPort: http.port });
    await Promise.race([service.start(), aborted(signal)]);
    health.started();
    void emit('service.started', { service: name, version, instance });
    log.info(`${name} ${version} runs`, {
      instance,
      http: `${address}:${http.port}`,
    });
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    const told = { service: name, code: typeof code === 'string' ? code : 'HS_INTERNAL', message: String(error) };
    await end(async () => (signal.aborted ? undefined : emit('service.failed', told)));
    throw error;
  }
  return { httpPort: http.port, stop: () => end(() => emit('service.stopped', { service: name, instance })) };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function quietly(log: Logger, what: string, act: () => Promise<void> | undefined): Promise<void> {
  try {
    await act();
  } catch (error) {
    log.warn(what, { error });
  }
}
