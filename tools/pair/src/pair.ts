import path from 'node:path';
import { endLeftovers, markName, ProcessRecord } from './leftovers.ts';
import { claimFolder, refuseForeignFolder, resetFolder } from './data-folder.ts';
import {
  type Layout,
  type NodeName,
  listeningSockets,
  nodeNames,
  peerOf,
  ports,
  sharedFolders,
  telemetryTargets,
} from './layout.ts';
import { prepareDns } from './dns/bind.ts';
import { DataLock } from './lock.ts';
import type { Network } from './network.ts';
import { mailPart, nodeParts } from './node-parts.ts';
import { setUpNodes } from './set-up.ts';
import { checkSockets } from './sockets.ts';
import { prepareStore } from './store/postgres.ts';
import { Supervisor } from './supervisor.ts';
import type { TrafficOptions } from './traffic/generator.ts';

export interface PairChoices {
  profile: 'fast' | 'standard' | 'classic';
  reset: boolean;
  /** Why file-sync is left out; null: it is not. */
  withoutFileSync: string | null;
}

export interface Told {
  /** A sentence about what happens, for people. */
  notice(line: string): void;
}

/** Two nodes and their store on this machine: set up, started, hurt, stopped. */
export class Pair {
  readonly layout: Layout;
  readonly supervisor: Supervisor;
  readonly #lock: DataLock;
  readonly #network: Network;
  readonly #env: Record<string, string>;
  readonly #main: string;
  readonly #storeReady: () => Promise<void>;
  #traffic: { logFile: string; run: number } | null = null;
  #trafficRuns = 0;

  private constructor(
    layout: Layout,
    supervisor: Supervisor,
    held: {
      lock: DataLock;
      network: Network;
      env: Record<string, string>;
      main: string;
      storeReady: () => Promise<void>;
    },
  ) {
    this.layout = layout;
    this.supervisor = supervisor;
    this.#lock = held.lock;
    this.#network = held.network;
    this.#env = held.env;
    this.#main = held.main;
    this.#storeReady = held.storeReady;
  }

  /** Takes the data folder, ends what an earlier run left, and lays everything out. Nothing runs yet. Throws `CodedError`. */
  static async prepare(
    layout: Layout,
    choices: PairChoices,
    network: Network,
    main: string,
    told: Told,
  ): Promise<Pair> {
    const { data, addresses } = layout;
    refuseForeignFolder(data);
    const lock = new DataLock(data);
    try {
      lock.announce({
        pid: process.pid,
        data,
        consoles: nodeNames.map((node) => `http://${addresses[node]}:${ports.console}`),
      });
      const record = new ProcessRecord(sharedFolders(layout).run);
      const ended = await endLeftovers(record, data);
      if (ended > 0) told.notice(`An earlier run was killed: ended ${ended} processes that it had left.`);
      if (choices.reset) resetFolder(data);
      await network.open();
      // In namespaces the addresses are not this one's: nobody else can have the ports there.
      if (addresses.vip === null) await checkSockets(listeningSockets(layout));
      const newKeys = claimFolder(data, addresses);
      await setUpNodes(layout, { profile: choices.profile, fileSync: choices.withoutFileSync === null }, newKeys);

      const env = serviceEnvironment(data);
      const supervisor = new Supervisor(record, (line) => told.notice(line));
      const store = await prepareStore(layout, env, network.prefixes.store);
      if (store.note) told.notice(store.note);
      supervisor.add('store', store.part);
      const dns = layout.virtualName ? prepareDns(layout, layout.virtualName, env) : null;
      if (dns) supervisor.add('store', dns.part);
      supervisor.add('store', mailPart(layout, main, env, network.prefixes.store));
      for (const node of nodeNames)
        for (const part of nodeParts(layout, node, env, network.prefixes[node])) supervisor.add(node, part);
      return new Pair(layout, supervisor, {
        lock,
        network,
        env,
        main,
        storeReady: async () => void (await Promise.all([store.ready(), dns?.ready()])),
      });
    } catch (error) {
      await network.close();
      lock.release();
      throw error;
    }
  }

  async start(): Promise<void> {
    this.supervisor.start('store');
    await this.#storeReady();
    for (const node of nodeNames) this.supervisor.start(node);
  }

  async kill(node: NodeName): Promise<void> {
    await this.supervisor.kill(node);
  }

  freeze(node: NodeName): void {
    this.supervisor.freeze(node);
  }

  /** Starts what was killed and thaws what was frozen; names the nodes that it was done to. */
  restart(): NodeName[] {
    return nodeNames.filter((node) => {
      const state = this.supervisor.state(node);
      if (state === 'frozen') this.supervisor.thaw(node);
      else if (state === 'killed') this.supervisor.start(node);
      return state === 'frozen' || state === 'killed';
    });
  }

  get trafficOn(): boolean {
    return this.#traffic !== null;
  }

  /** A process of its own sends to both nodes from now on. Returns its run and where it writes down what it sent. */
  startTraffic(rate: number, templateEvery = 20): { run: number; logFile: string } {
    if (this.#traffic) return this.#traffic;
    const run = (Date.now() + this.#trafficRuns++) % 2 ** 31;
    const logFile = path.join(this.layout.data, 'traffic', `${run}.log`);
    const { virtualName } = this.layout;
    const options: TrafficOptions = {
      targets: virtualName ? [] : telemetryTargets(this.layout),
      follow: virtualName ? { name: virtualName.name, server: `${virtualName.address}:${virtualName.port}` } : null,
      ports: { syslog: ports.syslog, trap: ports.trap, flow: ports.flow },
      rate,
      templateEvery,
      run,
      logFile,
    };
    this.supervisor.replace('traffic', {
      name: 'traffic',
      program: process.execPath,
      args: [this.#main, 'traffic', JSON.stringify(options)],
      env: this.#env,
      logFile: path.join(sharedFolders(this.layout).logs, 'traffic.log'),
      stopSignal: 'SIGTERM',
    });
    this.supervisor.start('traffic');
    this.#traffic = { run, logFile };
    return this.#traffic;
  }

  async stopTraffic(): Promise<void> {
    this.#traffic = null;
    await this.supervisor.stopOne('traffic');
  }

  /** Services before their servers, the standby before the active (so that it does not take over), the store last. */
  async stop(active: NodeName | null): Promise<void> {
    const last = active ?? 'a';
    await this.supervisor.stop([['traffic'], [peerOf(last)], [last], ['store']]);
    await this.#network.close();
    this.#lock.release();
  }

  async stopAtOnce(): Promise<void> {
    await this.supervisor.killAll();
    await this.#network.close();
    this.#lock.release();
  }
}

/** What the pair's processes see of this one's environment: no token or setting of whoever started it. */
function serviceEnvironment(data: string): Record<string, string> {
  const passed = ['HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_COMPILE_CACHE', 'HOTSTANDBY_PATH'];
  const known = Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { ...known, PATH: process.env['HOTSTANDBY_PATH'] || process.env['PATH'] || systemPath, [markName]: data };
}
