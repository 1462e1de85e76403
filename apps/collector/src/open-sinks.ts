import type { NatsParts } from '@hotstandby/adapters/nats';
import { FileSink } from '@hotstandby/adapters/ndjson';
import { systemClock } from '@hotstandby/adapters/system';
import { ForwardSink } from '@hotstandby/adapters/udp';
import type { NodeConfig } from '@hotstandby/config';
import type { Logger, TelemetrySink } from '@hotstandby/ports';

/** The sinks of the configuration; nothing is opened before the first delivery. */
export function openSinks(
  { collector, node }: Pick<NodeConfig, 'collector' | 'node'>,
  nats: Pick<NatsParts, 'recordSink'>,
  log: Logger,
): TelemetrySink[] {
  return collector.sinks.map((sink) => {
    switch (sink.type) {
      case 'jetstream':
        return nats.recordSink({ ...sink, maxAgeMs: sink.maxAgeSeconds * 1000 });
      case 'file':
        return new FileSink({ ...sink, maxAgeMs: sink.maxAgeSeconds * 1000, clock: systemClock, log });
      case 'forward': {
        const { address, port, kinds, source } = sink;
        return new ForwardSink({ to: { address, port }, kinds, source, bindAddress: node.address, log });
      }
    }
  });
}
