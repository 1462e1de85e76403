import type { NodeConfig } from '@hotstandby/config';
import type { Emit, Place } from '@hotstandby/contracts';
import type {
  Bus,
  Cancel,
  Clock,
  Datagram,
  Ids,
  Ingest,
  IngestBounds,
  IngestCopy,
  IngestMessage,
  LedgerReader,
  Logger,
  Metrics,
  Receiver,
  RecordStore,
  Service,
  ServiceReport,
  SnmpAnswering,
  TelemetrySink,
  TemplateStore,
} from '@hotstandby/ports';
import { decodeFrame } from '@hotstandby/core/frame';
import type { PlainTemplate } from '@hotstandby/decoders';
import { RoleWatch } from '../role-watch/index.ts';
import { Delivery } from './deliver/delivery.ts';
import { Drain } from './deliver/drain.ts';
import { replayOfCopy, replayOfDualFeed, replayOfOwn } from './deliver/open-replay.ts';
import { SharedTemplates } from './deliver/shared-templates.ts';
import { Sinks } from './deliver/sinks.ts';
import { StoreClock } from './deliver/store-clock.ts';
import { StoreWriter } from './deliver/store-writer.ts';
import { TelemetryDecoder } from './deliver/telemetry-decoder.ts';
import { TemplateWatch } from './deliver/template-watch.ts';
import { consumerOf } from './deliver/tenure-reader.ts';
import { Upkeep } from './deliver/upkeep.ts';
import { LateDelivery } from './late/late-delivery.ts';
import { defaultLimits, type CollectorLimits } from './limits.ts';
import { listenRequests, virtualAddresses } from './listen-requests.ts';
import { Losses } from './losses.ts';
import { Doorkeeper } from './receive/doorkeeper.ts';
import { IngestQueue } from './receive/ingest-queue.ts';
import { Listeners } from './receive/listeners.ts';
import { Reception } from './receive/reception.ts';
import { StaleTelemetry } from './receive/stale-telemetry.ts';
import { retentionOf } from './retention.ts';
import { TrapAnswers } from './receive/trap-answers.ts';
import { pause } from './waiting-time.ts';
import { collectorReport } from './report.ts';
import { Census } from './census/census.ts';
import { receiptOf } from './census/receipt.ts';
import { RecentReceipts } from './census/recent-receipts.ts';

export interface CollectorParts {
  config: Pick<NodeConfig, 'node' | 'peer' | 'collector'> & Partial<Pick<NodeConfig, 'binding'>>;
  place: Place;
  clock: Clock;
  ids: Ids;
  bus: Bus;
  emit: Emit;
  log: Logger;
  metrics: Metrics;
  receiver: Receiver;
  /** For syslog over TCP and TLS; without it nothing listens there. */
  streams?: Pick<Receiver, 'listen'>;
  ingest: Ingest;
  /** The copy of what the peer receives; used with feed `vip`. */
  copy: IngestCopy;
  store: RecordStore;
  /** The same store, to compare with it what was received. */
  ledger: Pick<LedgerReader, 'lines' | 'close'>;
  /** Where telemetry goes beside the store. */
  sinks?: readonly TelemetrySink[];
  /** For notifications of SNMP version 3; without it they are stored unread, and nobody of it is answered. */
  snmpSecurity?: SnmpAnswering;
  /** Where flow templates are shared; null: each process learns for itself. */
  templates: TemplateStore | null;
  limits?: Partial<CollectorLimits>;
}

/** A stop that finds NATS away gives up what is in memory after this; the same for a store that hangs. */
const stopPatienceMs = 1500;
const neverAborted = new AbortController().signal;

/**
 * Telemetry from the sockets to the store: received into INGEST in both roles, delivered from there by the active only.
 */
export class Collector implements Service {
  readonly #parts: CollectorParts;
  readonly #reception: Reception;
  readonly #queue: IngestQueue;
  readonly #delivery: Delivery;
  readonly #writer: StoreWriter;
  readonly #sinks: Sinks;
  readonly #copy: IngestCopy | null;
  readonly #bounds: IngestBounds;
  readonly #templates: TemplateWatch[];
  readonly #sharedTemplates: SharedTemplates | null;
  readonly #upkeep: Upkeep;
  readonly #drain: Drain;
  readonly #census: Census;
  readonly #late: LateDelivery;
  readonly #losses: Losses;
  readonly #stale: StaleTelemetry | null;
  readonly #cold: boolean;
  readonly #storeClock: StoreClock;
  readonly #roles: RoleWatch;
  #cancelBusStatus: Cancel = () => {};

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    const limits = { ...defaultLimits, ...parts.limits };
    const { config, clock, ids, bus, emit, log, metrics, place, receiver, streams, ingest, copy, store } = parts;
    const { frameDelayMs, feed, mirror, standby, catchUp, rawFlows } = config.collector;
    this.#cold = standby === 'cold';
    const { maxBytes, maxAgeSeconds } = config.collector.ingest;
    const bounds = { maxBytes, maxAgeMs: maxAgeSeconds * 1000 };
    this.#bounds = bounds;
    this.#copy = feed === 'vip' && mirror ? copy : null;
    const gate = () => this.#roles.open();
    this.#sinks = new Sinks({ sinks: parts.sinks ?? [], clock, log, metrics, limits, gate });
    const decoder = new TelemetryDecoder(parts.snmpSecurity ?? null);
    // With templates of its own: what comes now must not decode the backlog.
    const liveDecoder = catchUp === 'newest' ? new TelemetryDecoder(parts.snmpSecurity ?? null) : null;
    const learn = (datagram: Datagram) => {
      liveDecoder?.learn(datagram);
      return decoder.learn(datagram);
    };
    const share = (template: PlainTemplate) => {
      liveDecoder?.share(template);
      decoder.share(template);
    };

    const instance = ids.uuid();
    const storeClock = new StoreClock({ store, clock });
    this.#storeClock = storeClock;
    const oldestWaitingMs = () => this.#queue.state().oldestWaitingMs;

    this.#losses = new Losses(parts);
    this.#queue = new IngestQueue({
      ingest,
      bounds,
      clock,
      log,
      losses: this.#losses,
      limits,
      instance,
    });
    const isActive = () => this.#roles.open() !== null;
    const binding = config.binding ?? { mode: 'none' };
    this.#stale = feed === 'vip' ? new StaleTelemetry({ clock, emit, log, binding, isActive }) : null;
    this.#reception = new Reception({
      receiver,
      listeners: new Listeners({ receiver, ...(streams && { streams }), clock, log, emit, limits }),
      queue: this.#queue,
      doorkeeper: new Doorkeeper({ config: config.collector, clock, emit, log, metrics }),
      answers: new TrapAnswers({
        cluster: place.cluster,
        config: config.collector,
        clock,
        security: parts.snmpSecurity ?? null,
      }),
      losses: this.#losses,
      clock,
      log,
      metrics,
      frameBytes: limits.frameBytes,
      frameDelayMs,
      isActive,
      movingAddresses: virtualAddresses(binding),
      look: (received) => this.#stale?.look(received),
    });

    this.#drain = new Drain({
      bus,
      clock,
      place,
      log,
      deadlineMs: limits.drainDeadlineMs,
      isOpen: () => this.#roles.open() !== null,
      hold: (signal) => this.#reception.hold(signal),
      release: () => this.#reception.release(),
      unfinished: () => this.#delivery.reader()?.finish() ?? Promise.resolve(0),
    });

    this.#roles = new RoleWatch(
      { bus, clock, place, log },
      {
        opened: (grant) => {
          if (this.#cold) void this.#reception.openSockets();
          this.#reception.stay();
          this.#delivery.opened(grant);
        },
        shut: () => {
          if (this.#cold) this.#reception.closeSockets();
          this.#late.stop();
          this.#delivery.shut();
          this.#drain.gateShut();
        },
      },
      this.#drain.listener,
    );
    const consumer = () => {
      const reader = this.#delivery.reader();
      return reader && consumerOf(reader.tenure);
    };
    this.#writer = new StoreWriter({ store, storeClock, clock, log, metrics, limits, gate });
    this.#late = new LateDelivery({
      bus,
      clock,
      log,
      metrics,
      own: place,
      peer: { ...place, node: config.peer.name },
      store,
      ledger: parts.ledger,
      storeClock,
      decoder,
      rawFlows,
      writer: this.#writer,
      limits,
      settledBeforeMs: async () => {
        const name = consumer();
        return name === null ? null : ingest.settledBeforeMs(name);
      },
      oldestWaitingMs,
      instance,
    });
    this.#delivery = new Delivery({
      onOpened: (epoch, uncertain, nodeId) => this.#late.begin(epoch, uncertain, nodeId),
      own: { stream: ingest, open: feed === 'dual' ? replayOfDualFeed : replayOfOwn },
      copy: this.#copy && { stream: this.#copy, open: replayOfCopy },
      live: liveDecoder && { decoder: liveDecoder, keepsLedger: feed === 'dual' },
      store,
      storeClock,
      instance,
      oldestWaitingMs,
      decoder,
      sinks: this.#sinks,
      rawFlows,
      writer: this.#writer,
      clock,
      log,
      limits,
      gate,
      emit,
      metrics,
    });
    this.#sharedTemplates =
      parts.templates && new SharedTemplates({ store: parts.templates, clock, log, limits, share });
    const recent = new RecentReceipts();
    const alike = (datagram: Datagram) => decoder.alike(datagram);
    const note = (message: Pick<IngestMessage, 'id' | 'sequence' | 'frame'>) => {
      // The active asks the standby; of the active few ask anything.
      if (feed === 'vip' || gate() !== null) return recent.clear();
      recent.add(receiptOf(message, decodeFrame(message.frame).datagrams, alike), clock.wallMs());
    };
    const learnOwn = (datagram: Datagram) => this.#sharedTemplates?.learned(learn(datagram));
    this.#templates = [new TemplateWatch({ stream: ingest, clock, log, limits, learn: learnOwn, look: note })];
    // The peer shares its own.
    if (this.#copy) this.#templates.push(new TemplateWatch({ stream: this.#copy, clock, log, limits, learn }));
    this.#upkeep = new Upkeep({
      store,
      storeClock,
      ingest,
      copy: this.#copy,
      writer: this.#writer,
      losses: this.#losses,
      clock,
      log,
      metrics,
      limits,
      retention: retentionOf(config.collector),
      consumer,
      compared: () => (feed === 'dual' ? this.#late.compared() : { ownFromMs: null, otherBeforeMs: null }),
      gate,
      oldestWaitingMs,
      onLag: (lagMs) => this.#delivery.lag(lagMs),
    });
    const streamsTold = { own: ingest, copy: this.#copy, recent, waitingSinceMs: oldestWaitingMs };
    this.#census = new Census({ bus, clock, place, feed, decoder, storeClock, ...streamsTold });
  }

  async start(): Promise<void> {
    if (!this.#parts.config.collector.enabled) return;
    this.#cancelBusStatus = this.#parts.bus.onStatus((connected) => {
      if (!connected) return;
      void this.#queue.open();
      void this.#openCopy();
    });
    for (const watch of this.#templates) watch.start();
    this.#sharedTemplates?.start();
    this.#upkeep.start();
    const { config, streams } = this.#parts;
    const requests = listenRequests(config).filter(({ transport }) => transport === 'udp' || streams !== undefined);
    await this.#reception.start(requests, config.collector.standby);
    this.#roles.start();
    this.#drain.start();
    this.#census.start();
  }

  async stop(): Promise<void> {
    if (!this.#parts.config.collector.enabled) return;
    this.#cancelBusStatus();
    this.#census.stop();
    this.#late.stop();
    this.#roles.stop();
    await this.#drain.stop();
    for (const watch of this.#templates) watch.stop();
    await this.#sharedTemplates?.stop();
    this.#upkeep.stop();
    const delivered = this.#delivery.stop();
    await this.#reception.stop(stopPatienceMs);
    await Promise.race([delivered, pause(this.#parts.clock, stopPatienceMs, neverAborted)]);
    this.#losses.stop();
    // Ends a statement that hangs, and with it what waits for it.
    await Promise.all([this.#parts.store.close(), this.#parts.ledger.close()]);
    await delivered;
    await this.#sinks.close();
  }

  /** The server follows the peer's stream by itself from then on. */
  async #openCopy(): Promise<void> {
    try {
      await this.#copy?.open(this.#bounds);
    } catch (error) {
      this.#parts.log.warn('the copy of what the peer receives cannot be kept', { error: String(error) });
    }
  }

  report(): ServiceReport {
    if (!this.#parts.config.collector.enabled) {
      return { health: 'ok', summary: 'switched off in the configuration', detail: {} };
    }
    return collectorReport({
      role: this.#roles.latest()?.role ?? null,
      cold: this.#cold,
      late: this.#late.state(),
      catchUp: this.#parts.config.collector.catchUp,
      sharedTemplates: this.#sharedTemplates?.state() ?? null,
      clockAheadMs: this.#storeClock.aheadMs(),
      busConnected: this.#parts.bus.connected(),
      reception: this.#reception.state(),
      queue: this.#queue.state(),
      delivery: this.#delivery.state(),
      writer: this.#writer.state(),
      sinkFaults: this.#sinks.faults(),
      upkeep: this.#upkeep.state(),
      drain: this.#drain.state(),
      lost: { total: this.#losses.total(), recent: this.#losses.recent() },
      staleSenders: this.#stale?.report() ?? null,
    });
  }
}
