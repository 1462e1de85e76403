import type { NodeConfig } from '@hotstandby/config';
import {
  CodedError,
  type ActiveAnswer,
  type ActiveNode,
  type Emit,
  type HistoryAnswer,
  type NodeStatus,
  type PairStatus,
  type Place,
  type RecordKind,
  type RecordsAnswer,
  type StaleSendersAnswer,
} from '@hotstandby/contracts';
import type {
  Bus,
  Cancel,
  Clock,
  EventLog,
  History,
  Logger,
  RecordReader,
  Service,
  ServiceReport,
  TelemetryKind,
} from '@hotstandby/ports';
import { activeOf, codedFault, PairView, staleSendersOf, within, type PairLook } from '../pair-view/index.ts';
import { RoleWatch } from '../role-watch/index.ts';
import { StaleWatch } from '../stale-watch/index.ts';
import { EventFeed, type FeedRequest, type FeedSink } from './event-feed.ts';
import { RecentEvents } from './recent-events.ts';

export interface ConsoleParts {
  config: NodeConfig;
  place: Place;
  log: Logger;
  clock: Clock;
  bus: Bus;
  emit: Emit;
  events: EventLog;
  history: History;
  records: RecordReader;
}

const lookAtNodesMs = 1000;
/** What was seen of the nodes longer ago says nothing about who is active. */
const nodesTrustedMs = 3000;
/** A second request within this time gets the first one's answer: readers cannot make the console ask more. */
const statusReusedMs = 250;
const storeTimeoutMs = 3000;
const tailLength = 20;
const kindOf: Record<RecordKind, TelemetryKind> = { syslog: 'syslog', traps: 'trap', flows: 'flow' };

/** What the console answers, without HTTP. Every answer comes within a bounded time, whatever is away. */
export class ConsoleService implements Service {
  readonly #parts: ConsoleParts;
  readonly #watch: RoleWatch;
  readonly #pair: PairView;
  readonly #feed: EventFeed;
  readonly #recent = new RecentEvents();
  readonly #stale: StaleWatch;
  #ending = new AbortController();
  #following: Promise<void> | null = null;
  #cancelLook: Cancel = () => {};
  #looking = false;
  #nodes: { atMs: number; nodes: NodeStatus[] } | null = null;
  #status: { atMs: number; answer: Promise<PairLook> } | null = null;

  constructor(parts: ConsoleParts) {
    this.#parts = parts;
    this.#watch = new RoleWatch(parts, { roleChanged: () => void this.#lookAtNodes() });
    this.#pair = new PairView(parts);
    this.#feed = new EventFeed(parts);
    const isActive = () => this.#watch.open() !== null;
    this.#stale = new StaleWatch({ ...parts, binding: parts.config.binding, isActive });
  }

  async start(): Promise<void> {
    const { clock, events } = this.#parts;
    this.#watch.start();
    this.#pair.start();
    this.#following = this.#recent.follow(events, this.#ending.signal);
    this.#cancelLook = clock.every(lookAtNodesMs, () => void this.#lookAtNodes());
    void this.#lookAtNodes();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#cancelLook();
    this.#feed.stop();
    this.#pair.stop();
    this.#watch.stop();
    await this.#following;
  }

  report(): ServiceReport {
    const connected = this.#parts.bus.connected();
    const staleSenders = this.#stale.report();
    const detail = {
      eventReaders: this.#feed.readers(),
      natsConnected: connected,
      ...(staleSenders && { staleSenders }),
    };
    if (!connected) return { health: 'degraded', summary: 'NATS is away: what is shown is old or missing', detail };
    return { health: 'ok', summary: 'answers', detail };
  }

  /** By the grant, as it is right now, whether this node is active; if not, who is. */
  active(): ActiveAnswer {
    const { config } = this.#parts;
    const grant = this.#watch.open();
    const latest = this.#watch.latest();
    const own: ActiveNode = {
      name: config.node.name,
      address: config.node.address,
      consolePort: config.http.console,
    };
    return {
      active: grant !== null,
      node: config.node.name,
      role: grant ? 'active' : (latest?.role ?? null),
      epoch: grant?.epoch ?? latest?.epoch ?? null,
      activeNode: grant ? own : this.#otherActive(),
    };
  }

  async status(): Promise<PairStatus> {
    const nowMs = this.#parts.clock.monotonicMs();
    if (!this.#status || nowMs - this.#status.atMs > statusReusedMs) {
      this.#status = { atMs: nowMs, answer: this.#pair.look() };
    }
    return { ...(await this.#status.answer), events: this.#recent.list(tailLength) };
  }

  /** Somebody asked, by the name or address in `host`: the virtual name leads here no more when this node is not active. */
  askedBy(source: string, host: string): void {
    const { binding } = this.#parts.config;
    if (binding.mode !== 'hostname') return;
    const name = host.replace(/:\d+$/, '').replace(/\.$/, '');
    if (name.toLowerCase() === binding.name.toLowerCase()) this.#stale.see([{ source, via: 'http', count: 1 }]);
  }

  /** Of both nodes, as far as their services are heard. */
  async staleSenders(): Promise<StaleSendersAnswer> {
    return staleSendersOf((await this.status()).nodes);
  }

  /** Throws `CodedError`. */
  async history(last: number): Promise<HistoryAnswer> {
    return { transitions: await this.#fromStore(this.#parts.history.list(last)) };
  }

  /** Throws `CodedError`. */
  async records(kind: RecordKind, last: number): Promise<RecordsAnswer> {
    return { kind, records: await this.#fromStore(this.#parts.records.last(kindOf[kind], last)) };
  }

  /** Throws `HS_TOO_MANY`; to be asked before `follow`. */
  admitReader(): void {
    this.#feed.admit();
  }

  /** Writes events to the client until it is `gone`. */
  follow(request: FeedRequest, sink: FeedSink, gone: AbortSignal): Promise<void> {
    return this.#feed.follow(request, sink, gone);
  }

  #otherActive(): ActiveNode | null {
    const { clock, config } = this.#parts;
    if (!this.#nodes || clock.monotonicMs() - this.#nodes.atMs > nodesTrustedMs) return null;
    const active = activeOf(this.#nodes.nodes);
    // The gate is shut: whatever was said a moment ago, this node is not it.
    if (!active || active.name === config.node.name) return null;
    return { ...active, consolePort: active.consolePort || config.http.console };
  }

  async #lookAtNodes(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const nodes = await this.#pair.nodes();
    this.#nodes = { atMs: this.#parts.clock.monotonicMs(), nodes };
    this.#looking = false;
  }

  async #fromStore<Answer>(asked: Promise<Answer>): Promise<Answer> {
    const message = `no answer within ${storeTimeoutMs} ms`;
    try {
      return await within(this.#parts.clock, storeTimeoutMs, asked, { code: 'HS_STORE_UNREACHABLE', message });
    } catch (error) {
      const fault = codedFault(error);
      if (fault.code === 'HS_INTERNAL') this.#parts.log.error('the store was asked in vain', { error: String(error) });
      throw fault.code === 'HS_INTERNAL'
        ? new CodedError('HS_STORE_UNREACHABLE', 'the store could not be asked')
        : fault;
    }
  }
}
