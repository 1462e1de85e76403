import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { PostgresLeaseStore } from '@hotstandby/adapters/postgres';
import { systemClock } from '@hotstandby/adapters/system';
import { subjects, type EventType, type Grant, type ServiceStatus } from '@hotstandby/contracts';
import type { Reign } from '@hotstandby/ports';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { startPostgres, type Postgres, type PostgresOptions } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { bundleCollector, startCollector, type CollectorProcess } from './collector-process.ts';
import { freeUdpPort } from './udp-sender.ts';

const place = { cluster: 'test', node: 'a' };
const nodeId = 'id-a';
export const address = '127.0.0.33';
const beatMs = 50;
const grantMs = 400;

/**
 * The NATS servers of a pair as set-up makes them, a PostgreSQL with a real reign in it, and collectors of
 * node a as processes. The test plays the arbiter: it claims the lease in the store and publishes grants.
 */
export class CollectorRig {
  readonly postgres: Postgres;
  readonly nats: PairedNats;
  readonly arbiter: NatsParts;
  /** With the key of the collector, which alone may read INGEST. */
  readonly reader: NatsParts;
  readonly #pair: NatsPair;
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
    pair: NatsPair,
    clients: { arbiter: NatsParts; reader: NatsParts },
    lease: PostgresLeaseStore,
    ports: CollectorRig['ports'],
  ) {
    const { arbiter, reader } = clients;
    this.postgres = postgres;
    this.#pair = pair;
    this.nats = pair.a;
    this.arbiter = arbiter;
    this.reader = reader;
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

  static async start(database: PostgresOptions = {}): Promise<CollectorRig> {
    bundleCollector();
    const [postgres, pair] = await Promise.all([startPostgres(database), startNatsPair([address, '127.0.0.34'])]);
    const log = recordingLog();
    const { config } = pair.a;
    const arbiter = await connectNats({ config, service: 'arbiter', log });
    const reader = await connectNats({ config, service: 'collector', log });
    await eventually(() => arbiter.bus.connected());
    const store = { url: postgres.url, schema: 'hotstandby' };
    const lease = new PostgresLeaseStore({ store, cluster: place.cluster, log });
    await lease.prepare();
    const ports = {
      syslog: await freeUdpPort(address),
      trap: await freeUdpPort(address),
      flow: await freeUdpPort(address),
    };
    const rig = new CollectorRig(postgres, pair, { arbiter, reader }, lease, ports);
    arbiter.bus.respond(subjects.registerListener(place), () => ({
      registered: true,
      incarnation: rig.#incarnation(),
    }));
    return rig;
  }

  /** Takes the lease in the store: a new epoch; `by` another node ends this node's tenure. */
  async claim(by = nodeId): Promise<number> {
    const claimed = await this.claimSilently(by);
    if (this.#reign?.tenureEpoch !== claimed.tenureEpoch) this.#startedAtWallMs = Date.now();
    this.#reign = claimed;
    return claimed.epoch;
  }

  /** The same, and what is granted stays as it was. */
  async claimSilently(by: string): Promise<Reign> {
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
      remembers: { epoch: 0, membership: 0 },
      replaces: null,
    });
    const { reign, nodes, timeline } = await this.#lease.look();
    const seenHolderCount = nodes.find((node) => node.nodeId === reign.holder)?.lastCount ?? null;
    const seen = { seen: reign, seenHolderCount, timeline };
    const claimed = await this.#lease.claim({ nodeId: by, incarnation, ...seen, rebase: null });
    if (!claimed) throw new Error('the claim was refused');
    return claimed;
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

  async collector(change = '', nodeFlags?: string[]): Promise<CollectorProcess> {
    const process = await startCollector(this.nats.dir, this.#configText(change), nodeFlags);
    this.#processes.push(process);
    return process;
  }

  /** Starts one and waits until it listens and the store is open. */
  async readyCollector(change = ''): Promise<CollectorProcess> {
    const process = await this.collector(change);
    try {
      await eventually(
        () => process.ended() || this.status(process)?.health === 'ok',
        20_000,
        'a collector that is well',
      );
      if (process.ended()) throw new Error('it ended');
    } catch (error) {
      throw new Error(`${String(error)}\n${process.output()}`, { cause: error });
    }
    return process;
  }

  /** After a test: nobody is active, and no collector runs. */
  async endCollectors(): Promise<void> {
    this.revoke();
    await Promise.all(this.#processes.splice(0).map((process) => process.kill()));
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
    await Promise.all([this.arbiter.close(), this.reader.close()]);
    await this.#pair.remove();
    await this.postgres.stop();
  }

  #publish(change: { role: Grant['role']; epoch: number | null }): void {
    const reign = this.#reign;
    if (!reign) throw new Error('claim first');
    this.arbiter.bus.publish(subjects.grant(place), {
      ...change,
      nodeId,
      incarnation: this.#incarnation(),
      deadlineMs: systemClock.monotonicMs() + grantMs,
      tenure: change.epoch === null ? null : { epoch: reign.tenureEpoch, startedAtWallMs: this.#startedAtWallMs },
    } satisfies Grant);
  }

  #incarnation(): string {
    return this.#reign?.holderIncarnation ?? '';
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
peer: { name: b, address: 127.0.0.34 }
profile: fast
store: { url: "${this.postgres.url}" }
nats: { url: "${nats.url}", keysDir: "${nats.keysDir}", port: ${nats.port} }
http: { collector: 0 }
log: { format: json }
collector:
  syslogPorts: [${syslog}]
${change.includes('trapPorts') ? '' : `  trapPorts: [${trap}]\n`}  flowPorts: [${flow}]
  sflowPorts: []
${change.includes('ingest:') ? '' : '  ingest: { maxBytes: 268435456 }\n'}${change}`;
  }
}
