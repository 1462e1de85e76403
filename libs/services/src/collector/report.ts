import type { Role } from '@hotstandby/contracts';
import type { ServiceReport } from '@hotstandby/ports';
import type { Delivery } from './deliver/delivery.ts';
import type { Drain } from './deliver/drain.ts';
import type { StoreWriter } from './deliver/store-writer.ts';
import type { Upkeep } from './deliver/upkeep.ts';
import type { IngestQueue } from './receive/ingest-queue.ts';
import type { Reception } from './receive/reception.ts';

export interface CollectorState {
  role: Role | null;
  busConnected: boolean;
  reception: ReturnType<Reception['state']>;
  queue: ReturnType<IngestQueue['state']>;
  delivery: ReturnType<Delivery['state']>;
  writer: ReturnType<StoreWriter['state']>;
  upkeep: ReturnType<Upkeep['state']>;
  drain: ReturnType<Drain['state']>;
  lost: { total: number; recent: boolean };
}

/** How the collector is doing, for people and for `status`. */
export function collectorReport(state: CollectorState): ServiceReport {
  const { reception, queue, delivery, writer, upkeep, drain, lost } = state;
  const faults = faultsOf(state);
  return {
    // A port that is not open is telemetry that another node might receive; everything else is waited out or shared.
    health: reception.ports.some(({ fault }) => fault !== null) ? 'failed' : faults.length > 0 ? 'degraded' : 'ok',
    summary: faults.length > 0 ? faults.join('; ') : wellSummary(state),
    detail: {
      role: state.role,
      ports: reception.ports.map(({ kind, address, port, receiveBufferBytes, fault }) => ({
        kind,
        address,
        port,
        ...(fault === null ? { receiveBufferBytes } : { fault }),
      })),
      receiver: reception.means?.name ?? null,
      ...(reception.means?.note && { receiverNote: reception.means.note }),
      received: reception.received,
      receivedPerSecond: reception.perSecond,
      stored: delivery.stored,
      delivering: delivery.delivering,
      backlogMessages: upkeep.backlog,
      waitingForTemplate: delivery.waitingForTemplate,
      inIngest: queue.appendedDatagrams,
      memoryQueueBytes: queue.bytes,
      dropped: lost.total,
      kernelDrops: reception.kernelDrops,
      firstCommitAfterMs: delivery.firstCommitAfterMs,
      lastCommit: writer.lastCommitAtMs === null ? null : new Date(writer.lastCommitAtMs).toISOString(),
      listenerRegistered: drain.registered,
      draining: drain.draining,
    },
  };
}

function faultsOf({ busConnected, reception, queue, delivery, writer, lost }: CollectorState): string[] {
  const faults: string[] = [];
  for (const { kind, port, fault } of reception.ports) {
    if (fault !== null) faults.push(`no ${kind} on port ${port} (${fault})`);
  }
  if (!busConnected) faults.push('the NATS server is away; datagrams wait in memory');
  else if (queue.fault !== null) faults.push(`INGEST takes nothing (${queue.fault})`);
  if (writer.fault !== null) faults.push(`the store is away (${writer.fault})`);
  if (delivery.fault !== null) faults.push(delivery.fault);
  if (lost.recent) faults.push(`datagrams were lost (${lost.total} since start)`);
  return faults;
}

function wellSummary({ reception, delivery, role }: CollectorState): string {
  const ports = reception.ports.map(({ port }) => port).join(', ');
  const doing = delivery.delivering ? 'delivering' : `receiving only (${role ?? 'no word from the arbiter yet'})`;
  return `listening on ${ports}; ${doing}; ${reception.perSecond} datagrams/s`;
}
