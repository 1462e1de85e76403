import type { Role, StaleSenders } from '@hotstandby/contracts';
import type { ServiceReport } from '@hotstandby/ports';
import type { Delivery } from './deliver/delivery.ts';
import type { Drain } from './deliver/drain.ts';
import type { StoreWriter } from './deliver/store-writer.ts';
import type { Upkeep } from './deliver/upkeep.ts';
import type { IngestQueue } from './receive/ingest-queue.ts';
import type { Reception } from './receive/reception.ts';

export interface CollectorState {
  role: Role | null;
  cold: boolean;
  late: { state: string; datagrams: number };
  catchUp: 'oldest' | 'newest';
  sharedTemplates: { kept: number; waiting: number } | null;
  clockAheadMs: number | null;
  busConnected: boolean;
  reception: ReturnType<Reception['state']>;
  queue: ReturnType<IngestQueue['state']>;
  delivery: ReturnType<Delivery['state']>;
  writer: ReturnType<StoreWriter['state']>;
  /** Why sinks beside the store take nothing, or deliver otherwise than configured. */
  sinkFaults: string[];
  upkeep: ReturnType<Upkeep['state']>;
  drain: ReturnType<Drain['state']>;
  lost: { total: number; recent: boolean };
  staleSenders: StaleSenders | null;
}

/** The nodes' clocks may differ by twice this, and records' times cannot be compared any more. */
const mostApartMs = 2000;

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
      ports: reception.ports.map(({ kind, transport, address, port, receiveBufferBytes, fault, connections }) => ({
        kind,
        ...(transport !== 'udp' && { transport }),
        address,
        port,
        ...(connections !== undefined && { connections }),
        ...(fault === null ? { receiveBufferBytes } : { fault }),
      })),
      receiver: reception.means?.name ?? null,
      ...(reception.means?.note && { receiverNote: reception.means.note }),
      received: reception.received,
      receivedPerSecond: reception.perSecond,
      stored: delivery.stored,
      decodedFlows: delivery.decodedFlows,
      delivering: delivery.delivering,
      backlogMessages: upkeep.backlog,
      behindSeconds: upkeep.behindMs === null ? null : Math.round(upkeep.behindMs / 100) / 10,
      backlogPerSecond: upkeep.backlogPerSecond,
      catchUp: delivery.newestFirst ? 'newest first, the backlog behind it' : `${state.catchUp} first`,
      templates: state.sharedTemplates,
      lateDelivery: state.late,
      clockAheadMs: state.clockAheadMs === null ? null : Math.round(state.clockAheadMs),
      ...(state.cold && { socketsOpenedAfterMs: reception.openedAfterMs }),
      waitingForTemplate: delivery.waitingForTemplate,
      inIngest: queue.appendedDatagrams,
      memoryQueueBytes: queue.bytes,
      dropped: lost.total,
      refused: reception.refused.total,
      ...(reception.refused.total > 0 && { refusedSources: reception.refused.largest }),
      kernelDrops: reception.kernelDrops,
      firstCommitAfterMs: delivery.firstCommitAfterMs,
      lastCommit: writer.lastCommitAtMs === null ? null : new Date(writer.lastCommitAtMs).toISOString(),
      listenerRegistered: drain.registered,
      draining: drain.draining,
      ...(state.staleSenders && { staleSenders: state.staleSenders }),
    },
  };
}

function faultsOf(state: CollectorState): string[] {
  const { busConnected, reception, queue, delivery, writer, sinkFaults, lost, clockAheadMs } = state;
  const faults: string[] = [];
  for (const { kind, port, fault } of reception.ports) {
    if (fault !== null) faults.push(`no ${kind} on port ${port} (${fault})`);
  }
  if (!busConnected) faults.push('the NATS server is away; datagrams wait in memory');
  else if (queue.fault !== null) faults.push(`INGEST takes nothing (${queue.fault})`);
  if (writer.fault !== null) faults.push(`the store is away (${writer.fault})`);
  faults.push(...sinkFaults);
  if (delivery.fault !== null) faults.push(delivery.fault);
  if (Math.abs(clockAheadMs ?? 0) > mostApartMs)
    faults.push(
      `this node's clock is ${Math.round((clockAheadMs ?? 0) / 100) / 10} s off the store's (HS_CLOCKS_APART)`,
    );
  if (lost.recent) faults.push(`datagrams were lost (${lost.total} since start)`);
  return faults;
}

/** A backlog that is older is worth a word. */
const worthTellingMs = 5000;

function backlogText({ backlog, behindMs, backlogPerSecond }: CollectorState['upkeep']): string {
  if (backlog === null || behindMs === null || behindMs < worthTellingMs) return '';
  const seconds = backlogPerSecond !== null && backlogPerSecond > 0 ? Math.round(backlog / backlogPerSecond) : null;
  const left = seconds === null ? '' : `, ${seconds} s left`;
  return ` (catching up: ${Math.round(behindMs / 1000)} s behind, ${backlog} messages${left})`;
}

function wellSummary({ reception, delivery, role, cold, upkeep }: CollectorState): string {
  if (cold && !delivery.delivering) return `cold: the sockets stay shut (${role ?? 'no word from the arbiter yet'})`;
  const ports = reception.ports.map(({ port }) => port).join(', ');
  const doing = delivery.delivering
    ? `delivering${backlogText(upkeep)}`
    : `receiving only (${role ?? 'no word from the arbiter yet'})`;
  return `listening on ${ports}; ${doing}; ${reception.perSecond} datagrams/s`;
}
