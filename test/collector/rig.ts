import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { PostgresLeaseStore } from '@hotstandby/adapters/postgres';
import { systemClock } from '@hotstandby/adapters/system';
import { subjects, type EventType, type Grant, type ServiceStatus } from '@hotstandby/contracts';
import type { Reign } from '@hotstandby/ports';
import { eventually } from '../parts/eventually.ts';
import { startPlainNats, type PlainNats } from '../parts/plain-nats.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { bundleCollector, startCollector, type CollectorProcess } from './collector-process.ts';
import { freeUdpPort } from './udp-sender.ts';

const place = { cluster: 'test', node: 'a' };
const nodeId = 'id-a';
export const address = '127.0.0.31';
const beatMs = 50;
const grantMs = 400;

/**
 * One node's NATS server, a PostgreSQL with a real reign in it, and collectors as processes. The test plays the arbiter:
 * it claims the lease in the store and publishes grants.
 */
export class CollectorRig {
  readonly postgres: Postgres;
  readonly nats: PlainNats;
  readonly arbiter: NatsParts;
  readonly ports: { syslog: number; trap: number; flow: number };
  readonly statuses = new Map<string, ServiceStatus>();
  readonly events: { type: EventType; data: Record<string, unknown> }[] = [];
  readonly #lease: PostgresLeaseStore;
  readonly #processes: CollectorProcess[] = [];
  #reign: Reign | null = null;
  #granting: ReturnType<typeof setInterval> | null = null;
  #startedAtWallMs = 0;

  private constructor(
    postgres: Postgres,
    nats: PlainNats,
    arbiter: NatsParts,
    lease: PostgresLeaseStore,
    ports: CollectorRig['ports'],
  ) {
    this.postgres = postgres;
    this.nats = nats;
    this.arbiter = arbiter;
    this.ports = ports;
    this.#lease = lease;
    arbiter.bus.subscribe(subjects.status(place, 'collector'), (payload) => {
      const status = payload as ServiceStatus;
      this.statuses.set(status.instance, status);
    });
    arbiter.bus.subscribe(`hs.${place.cluster}.${place.node}.collector.event.>`, (payload) => {
      this.events.push(payload as CollectorRig['events'][number]);
    });
  }

  static async start(): Promise<CollectorRig> {
    bundleCollector();
    const [postgres, nats] = await Promise.all([startPostgres(), startPlainNats(['collector', 'arbiter'], address)]);
    const log = recordingLog();
    const arbiter = await connectNats({ config: nats.config, service: 'arbiter', log });
    await eventually(() => arbiter.bus.connected());
    const store = { url: postgres.url, schema: 'hotstandby' };
    const lease = new PostgresLeaseStore({ store, cluster: place.cluster, log });
    await lease.prepare();
    const ports = {
      syslog: await freeUdpPort(address),
      trap: await freeUdpPort(address),
      flow: await freeUdpPort(address),
    };
    return new CollectorRig(postgres, nats, arbiter, lease, ports);
  }

  /** Takes the lease in the store: a new epoch; `by` another node ends this node's tenure. */
  async claim(by = nodeId): Promise<number> {
    const incarnation = `incarnation-of-${by}`;
    await this.#lease.enter({
      nodeId: by,
      name: by,
      incarnation,
      hostAddress: address,
      consolePort: 8080,
      natsPort: this.nats.config.nats.port,
      serverRole: 'STARTING',
      version: '0',
      timeZone: 'UTC',
    });
    const { reign, nodes } = await this.#lease.look();
    const seenHolderCount = nodes.find((node) => node.nodeId === reign.holder)?.lastCount ?? null;
    const claimed = await this.#lease.claim({ nodeId: by, incarnation, seen: reign, seenHolderCount });
    if (!claimed) throw new Error('the claim was refused');
    if (this.#reign?.tenureEpoch !== claimed.tenureEpoch) this.#startedAtWallMs = Date.now();
    this.#reign = claimed;
    return claimed.epoch;
  }

  /** Grants and renews until `revoke`. */
  grant(): void {
    this.#stopGranting();
    const publish = () => this.#publish({ role: 'active', epoch: this.#reign?.epoch ?? 0 });
    publish();
    this.#granting = setInterval(publish, beatMs);
  }

  revoke(): void {
    this.#stopGranting();
    this.#publish({ role: 'standby', epoch: null });
  }

  async collector(change = ''): Promise<CollectorProcess> {
    const process = await startCollector(this.nats.dir, this.#configText(change));
    this.#processes.push(process);
    return process;
  }

  /** Starts one and waits until it listens and the store is open. */
  async readyCollector(change = ''): Promise<CollectorProcess> {
    const process = await this.collector(change);
    try {
      await eventually(() => this.status(process)?.health === 'ok', 20_000, 'a collector that is well');
    } catch (error) {
      throw new Error(`${String(error)}\n${process.output()}`, { cause: error });
    }
    return process;
  }

  /** The newest report of a process. */
  status(process: CollectorProcess): ServiceStatus | undefined {
    return [...this.statuses.values()].find((status) => status.pid === process.pid());
  }

  async rows(table: 'syslog_message' | 'snmp_trap' | 'flow_record'): Promise<Record<string, unknown>[]> {
    return this.postgres.sql(`select * from hotstandby.${table}`);
  }

  async count(table: 'syslog_message' | 'snmp_trap' | 'flow_record'): Promise<number> {
    const [row] = await this.postgres.sql(`select count(*)::int as n from hotstandby.${table}`);
    return Number(row?.['n']);
  }

  async stop(): Promise<void> {
    this.#stopGranting();
    await Promise.all(this.#processes.map((process) => process.kill()));
    await this.#lease.close();
    await this.arbiter.close();
    await this.nats.remove();
    await this.postgres.stop();
  }

  #publish(change: { role: Grant['role']; epoch: number | null }): void {
    const reign = this.#reign;
    if (!reign) throw new Error('claim first');
    this.arbiter.bus.publish(subjects.grant(place), {
      ...change,
      nodeId,
      incarnation: reign.holderIncarnation ?? '',
      deadlineMs: systemClock.monotonicMs() + grantMs,
      tenure: change.epoch === null ? null : { epoch: reign.tenureEpoch, startedAtWallMs: this.#startedAtWallMs },
    } satisfies Grant);
  }

  #stopGranting(): void {
    if (this.#granting) clearInterval(this.#granting);
    this.#granting = null;
  }

  #configText(change: string): string {
    const { syslog, trap, flow } = this.ports;
    const { nats } = this.nats.config;
    return `
cluster: ${place.cluster}
node: { name: a, kind: primary, address: ${address}, dataDir: ${this.nats.dir} }
peer: { name: b, address: 127.0.0.32 }
profile: fast
store: { url: "${this.postgres.url}" }
nats: { url: "${nats.url}", keysDir: "${nats.keysDir}", port: ${nats.port} }
http: { collector: 0 }
log: { format: json }
collector:
  syslogPorts: [${syslog}]
  trapPorts: [${trap}]
  flowPorts: [${flow}]
  ingest: { maxBytes: 268435456 }
${change}`;
  }
}
