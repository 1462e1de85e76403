import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats } from '@hotstandby/adapters/nats';
import { makePairFiles } from '@hotstandby/adapters/pki';
import { type ArbiterDescription, arbiterDescription, type ServiceName, subjects } from '@hotstandby/contracts';
import type { Bus } from '@hotstandby/ports';
import { startNatsPair, writeNodeFiles, type NatsPair } from '../parts/nats-pair.ts';
import { freePort, startNatsServer, type NatsServer } from '../parts/nats-server.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { bundleApps, startServiceProcess, type ServiceProcess } from '../parts/service-process.ts';
import { GrantWatch } from './grant-watch.ts';
import { ownNetwork } from './running-pair.ts';

export const cluster = 'test';
const leaseServices = ['heartbeat', 'arbiter'] as const;

/** What `connectNats` needs of a node's configuration, and where the node lives. */
interface Place {
  config: NatsPair['a']['config'];
  dir: string;
}

export interface LeaseNode {
  name: string;
  nats: NatsServer;
  configFile: string;
  /** Writes `node.yaml` anew; `change` is laid over it. Another data folder makes it another node. */
  configure(change?: Record<string, unknown>, dataFolder?: string): Promise<void>;
  /** heartbeat and arbiter by default. */
  start(...names: ServiceName[]): void;
  process(name: ServiceName): ServiceProcess;
  /** SIGKILL to its services, all at once; its NATS server stays. */
  kill(): Promise<void>;
  /** SIGTERM to the same; their exit codes. */
  stop(): Promise<(number | null)[]>;
  /** What its arbiter says of itself; null while it does not answer. */
  describe(): Promise<ArbiterDescription | null>;
  /** Asks its arbiter as the node's own operator does. */
  ask(what: 'switchover' | 'takeover' | 'pause' | 'resume', request?: Record<string, unknown>): Promise<unknown>;
  output(): string;
}

/** Nodes that have only what the lease needs: a NATS server each, heartbeat and arbiter, and one PostgreSQL for all. */
export interface LeaseRig {
  postgres: Postgres;
  a: LeaseNode;
  b: LeaseNode;
  /** A node that nobody set the pair up for: its NATS server stands alone. */
  addThird(name: string): Promise<LeaseNode>;
  watchGrants(nodes: LeaseNode[]): Promise<GrantWatch>;
  remove(): Promise<void>;
}

export async function startLeaseRig(
  profile: 'fast' | 'standard',
  services: readonly ServiceName[] = leaseServices,
): Promise<LeaseRig> {
  const net = ownNetwork();
  const folder = await mkdtemp(join(tmpdir(), 'hotstandby-lease-'));
  const bundles = join(folder, 'bundles');
  const [postgres, nats] = await Promise.all([
    startPostgres({ address: `${net}.10` }),
    startNatsPair([`${net}.11`, `${net}.12`]),
    bundleApps(services, bundles),
  ]);
  const removals: (() => Promise<unknown>)[] = [];

  const node = async (server: NatsServer, { config, dir }: Place): Promise<LeaseNode> => {
    const configFile = join(dir, 'node.yaml');
    const running = new Map<ServiceName, ServiceProcess>();
    // Also what a test that failed left running.
    const everStarted: ServiceProcess[] = [];
    const asked = await connectNats({ config, service: 'cli', log: recordingLog() });
    const { name } = config.node;
    const configure = (change: Record<string, unknown> = {}, dataFolder = 'data') => {
      const dataDir = join(dir, dataFolder);
      const http = { console: 8080, heartbeat: 0, arbiter: 0, collector: 0, notifier: 0 };
      const base = { ...config, node: { ...config.node, dataDir }, profile, store: { url: postgres.url }, http };
      return writeFile(configFile, JSON.stringify({ ...base, ...change }));
    };
    await configure();
    const kill = async () => {
      await Promise.all(everStarted.splice(0).map((service) => service.kill()));
      running.clear();
    };
    removals.push(kill, () => asked.close());
    return {
      name,
      nats: server,
      configFile,
      configure,
      kill,
      start(...names) {
        for (const one of names.length > 0 ? names : leaseServices) {
          const started = startServiceProcess(join(bundles, one, 'main.mjs'), configFile);
          everStarted.push(started);
          running.set(one, started);
        }
      },
      process(one) {
        const found = running.get(one);
        if (!found) throw new Error(`${name}/${one} was not started`);
        return found;
      },
      async stop() {
        const codes = await Promise.all([...running.values()].map((service) => service.stop()));
        running.clear();
        return codes;
      },
      describe: () => describe(asked.bus, name),
      ask: (what, request = {}) => asked.bus.request(subjects[what]({ cluster, node: name }), request, 30_000),
      output: () => [...running].map(([one, service]) => `--- ${name}/${one}\n${service.output()}`).join('\n'),
    };
  };

  return {
    postgres,
    a: await node(nats.a, nats.a),
    b: await node(nats.b, nats.b),
    async addThird(name) {
      const dir = join(folder, name);
      const address = `${net}.13`;
      const own = { name, address, natsPort: await freePort(address), leafPort: await freePort(address), dir };
      const nobody = { ...own, name: 'nobody', address: `${net}.14`, dir: join(folder, 'nobody') };
      const [files] = await makePairFiles({ cluster, nodes: [own, nobody] });
      await writeNodeFiles(dir, files);
      const server = await startNatsServer(join(dir, 'nats', 'nats.conf'), address, own.natsPort);
      removals.push(() => server.stop());
      const config = {
        cluster,
        node: { name, kind: 'secondary' as const, address, dataDir: dir },
        peer: { name: 'a', address: `${net}.11` },
        nats: { url: `nats://${address}:${own.natsPort}`, keysDir: join(dir, 'keys', 'nats'), port: own.natsPort },
      };
      return node(server, { config, dir });
    },
    watchGrants: async (nodes) => {
      const places = await Promise.all(
        nodes.map(async (one) => {
          const { nats: of } = JSON.parse(await readFile(one.configFile, 'utf8')) as {
            nats: { url: string; keysDir: string };
          };
          return { node: one.name, natsUrl: of.url, keysDir: of.keysDir };
        }),
      );
      return GrantWatch.start(cluster, places);
    },
    async remove() {
      for (const end of removals) await end();
      await Promise.all([nats.remove(), postgres.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function describe(bus: Bus, node: string): Promise<ArbiterDescription | null> {
  try {
    return arbiterDescription.parse(await bus.request(subjects.describe({ cluster, node }), {}, 1000));
  } catch {
    return null;
  }
}
