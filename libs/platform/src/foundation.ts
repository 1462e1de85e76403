import type { Provider, Type } from '@nestjs/common';
import type { NodeConfig } from '@hotstandby/config';
import type { Emit, Place, ServiceName } from '@hotstandby/contracts';
import type { Bus, Clock, EventLog, Ids, Logger, Metrics, Service } from '@hotstandby/ports';

/** What a service's shell has before anything is connected. */
export interface Foundation {
  service: ServiceName;
  config: NodeConfig;
  place: Place;
  log: Logger;
  metrics: Metrics;
}

/** What a service is made from. */
export interface Parts extends Foundation {
  clock: Clock;
  ids: Ids;
  bus: Bus;
  events: EventLog;
  emit: Emit;
}

/** What a shell (`apps/*`) joins: adapters to ports, and the one service that runs on them. */
export interface Wiring {
  clock: Clock;
  ids: Ids;
  bus: Bus;
  events: EventLog;
  /** Makes the service, inert. */
  service: (parts: Parts) => Service | Promise<Service>;
  /** Nest parts beside `/health` and `/metrics`; they are made after the service. */
  controllers?: Type[];
  providers?: Provider[];
  /** Closes what the wiring opened. Called after the service has stopped. */
  close(): Promise<void>;
}

export type Wire = (foundation: Foundation) => Promise<Wiring>;
