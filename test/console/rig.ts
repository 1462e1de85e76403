import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../parts/nats-server.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { bundleApps, startServiceProcess, type ServiceProcess } from '../parts/service-process.ts';

/** The name by which clients are to ask for the active. */
export const virtualName = 'service.example.test';
const services = ['heartbeat', 'arbiter', 'console'] as const;
type RigService = (typeof services)[number];

export interface RigNode {
  name: 'a' | 'b';
  nats: PairedNats;
  configFile: string;
  consoleUrl: string;
  start(...names: RigService[]): void;
  process(name: RigService): ServiceProcess;
  /** SIGKILL to its services; its NATS server stays. */
  killServices(): Promise<void>;
}

export interface Rig {
  folder: string;
  a: RigNode;
  b: RigNode;
  nats: NatsPair;
  postgres: Postgres;
  /** Runs the CLI's bundle, in a folder outside the clone unless `inClone`. */
  cli(
    args: string[],
    options?: { env?: Record<string, string>; inClone?: boolean },
  ): Promise<{ code: number; out: string; err: string }>;
  remove(): Promise<void>;
}

/** Two nodes as set-up makes them: NATS with its real permissions, PostgreSQL, and processes of the three services. */
export async function startRig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'hs-console-'));
  const bundles = join(folder, 'bundles');
  const [postgres, nats] = await Promise.all([startPostgres(), startNatsPair(['127.0.0.41', '127.0.0.42'])]);
  await bundleApps([...services, 'cli'], bundles);

  const node = async (own: PairedNats): Promise<RigNode> => {
    const { address } = own.config.node;
    const port = await freePort(address);
    // As `npm start` lays it out, so that the CLI finds it.
    const home = join(folder, 'clone', '.hotstandby', 'pair', own.name);
    const dataDir = join(home, 'data');
    await mkdir(dataDir, { recursive: true });
    const configFile = join(home, 'node.yaml');
    const config = {
      ...own.config,
      node: { ...own.config.node, dataDir },
      // Slow enough for a machine with other work, and short enough for a test.
      profile: 'standard',
      store: { url: postgres.url },
      http: { console: port, heartbeat: 0, arbiter: 0 },
      // Nothing binds it here: the console knows its clients by it.
      binding: {
        ...{ mode: 'hostname', name: virtualName, zone: 'example.test', ttlSeconds: 0, servers: ['127.0.0.1:1'] },
        tsig: { name: 'k', keyFile: 'k' },
      },
    };
    await writeFile(configFile, JSON.stringify(config));
    const running = new Map<RigService, ServiceProcess>();
    // Also those whose place a later start has taken.
    const started: ServiceProcess[] = [];
    return {
      name: own.name,
      nats: own,
      configFile,
      consoleUrl: `http://${address}:${port}`,
      start(...names) {
        for (const name of names) {
          const service = startServiceProcess(join(bundles, name, 'main.mjs'), configFile);
          started.push(service);
          running.set(name, service);
        }
      },
      process(name) {
        const found = running.get(name);
        if (!found) throw new Error(`${name} was not started`);
        return found;
      },
      async killServices() {
        await Promise.all(started.map((service) => service.kill()));
      },
    };
  };
  const a = await node(nats.a);
  const b = await node(nats.b);
  return {
    folder,
    a,
    b,
    nats,
    postgres,
    cli: (args, { env = {}, inClone = false } = {}) =>
      new Promise((resolve) => {
        const options = {
          env: { PATH: process.env.PATH ?? '', ...env },
          timeout: 60_000,
          cwd: inClone ? join(folder, 'clone') : folder,
        };
        execFile(process.execPath, [join(bundles, 'cli', 'main.mjs'), ...args], options, (error, out, err) => {
          resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
        });
      }),
    async remove() {
      await Promise.all([a.killServices(), b.killServices()]);
      await Promise.all([nats.remove(), postgres.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An answer of the console, with how long it took. */
export async function ask(url: string, headers: Record<string, string> = {}) {
  const startedAt = performance.now();
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) });
  const body: unknown = await response.json();
  return { status: response.status, headers: response.headers, body, tookMs: performance.now() - startedAt };
}
