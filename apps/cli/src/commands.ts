import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { openHistory, openLedgerReader, openRecordReader } from '@hotstandby/adapters/stores';
import { systemClock as clock } from '@hotstandby/adapters/system';
import type { NodeConfig } from '@hotstandby/config';
import type { History, RecordReader } from '@hotstandby/ports';
import { CodedError } from '@hotstandby/contracts';
import {
  bindingPlanCommand,
  bindingPreflightCommand,
  eventsCommand,
  failbackCommand,
  explainCommand,
  historyCommand,
  pauseCommand,
  recordsCommand,
  resumeCommand,
  statusCommand,
  switchoverCommand,
  takeoverCommand,
  tellFault,
  verifyCommand,
  type Output,
  type PairParts,
} from '@hotstandby/services/cli';
import { checkCommand } from './check.ts';
import { withLook } from './binding-look.ts';
import { ConfigFaults, readConfigs } from './configs.ts';
import { importCommand } from './import.ts';
import { openNode, type OpenNode } from './open-node.ts';
import type { Commands, GlobalOptions } from './program.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Joins each command to what it asks. `signal` ends what goes on until it is told to stop. */
export function makeCommands(outputFor: (json: boolean) => Output, signal: AbortSignal): Commands {
  const run = async (options: GlobalOptions, act: (configs: NodeConfig[], output: Output) => Promise<number>) => {
    const output = outputFor(options.json);
    try {
      return await act(await readConfigs(options), output);
    } catch (error) {
      return error instanceof ConfigFaults ? error.tell(output) : tellFault(error, output);
    }
  };
  return {
    status: (options) =>
      run(options, (configs, output) =>
        withNode(configs, (node) =>
          withStore(node.config, ({ records }) =>
            statusCommand({ ...partsOf(node), events: node.nats.events, records }, output).finally(() => {
              if (node.fault) tellFault(node.fault, output);
            }),
          ),
        ),
      ),
    events: (options, request) =>
      run(options, (configs, output) =>
        withNode(configs, (node) => {
          if (node.fault) throw node.fault;
          return eventsCommand(request, { events: node.nats.events, clock }, output, signal);
        }),
      ),
    history: (options, last) =>
      run(options, ([config], output) =>
        withStore(config, ({ history }) => historyCommand(last, { history, clock }, output)),
      ),
    records: (options, kind, last) =>
      run(options, ([config], output) =>
        withStore(config, ({ records }) => recordsCommand(kind, last, { records, clock }, output)),
      ),
    verifyLedger: (options, spanMs) =>
      run(options, (configs, output) =>
        withNode(configs, async ({ config, nats, fault }) => {
          if (fault) throw fault;
          const { store, cluster, node, peer } = config;
          const ledger = await openLedgerReader({ store, cluster, log: quiet, applicationName: 'hotstandby cli' });
          const own = { cluster, node: node.name };
          try {
            const parts = { bus: nats.bus, clock, ledger, own, peer: { ...own, node: peer.name } };
            return await verifyCommand(spanMs, parts, output);
          } finally {
            await ledger.close();
          }
        }),
      ),
    switchover: (options, reason) =>
      run(options, (configs, output) =>
        withNode(configs, (node) =>
          withStore(node.config, ({ records }) => {
            if (node.fault) throw node.fault;
            return switchoverCommand({ operator: operator(), reason }, { ...partsOf(node), records }, output);
          }),
        ),
      ),
    failback: (options, request) =>
      run(options, (configs, output) =>
        withPair(configs, (parts) => failbackCommand({ ...request, operator: operator() }, parts, output)),
      ),
    pause: (options, request) =>
      run(options, (configs, output) =>
        withPair(configs, (parts) => pauseCommand({ ...request, operator: operator() }, parts, output)),
      ),
    resume: (options, reason) =>
      run(options, (configs, output) =>
        withPair(configs, (parts) => resumeCommand({ reason, operator: operator() }, parts, output)),
      ),
    takeover: (options, { reason, force }) =>
      run(options, (configs, output) => {
        const [first, ...others] = configs;
        // The one whose NATS server happens to answer is not good enough here.
        if (!first || others.length > 0) {
          const names = configs.map(({ node }) => node.name).join(' or ');
          throw new CodedError('HS_USAGE', 'which node shall take the lease?', { cure: `Give --node ${names}.` });
        }
        const order = { operator: operator(), reason, confirmed: force };
        return withPair(configs, (parts) => takeoverCommand(order, parts, output, (text) => confirm(text, first)));
      }),
    bindingPlan: (options) => run(options, (configs, output) => bindingPlanCommand(configs, withLook, output)),
    preflight: (options) => run(options, (configs, output) => bindingPreflightCommand(configs, withLook, output)),
    check: async (options, files) => checkCommand(options, files, outputFor(options.json)),
    importFiles: async (options, files, request) => importCommand(files, request, outputFor(options.json)),
    explain: async (options, name) => {
      const output = outputFor(options.json);
      try {
        return explainCommand(name, output);
      } catch (error) {
        return tellFault(error, output);
      }
    },
  };
}

function partsOf({ config, nats }: OpenNode) {
  return { bus: nats.bus, clock, config, log: quiet };
}

async function withNode(configs: NodeConfig[], act: (node: OpenNode) => Promise<number>): Promise<number> {
  const node = await openNode(configs);
  try {
    return await act(node);
  } finally {
    await node.nats.close();
  }
}

/** A command that asks arbiters, and cannot do without NATS. */
function withPair(configs: NodeConfig[], act: (parts: PairParts) => Promise<number>): Promise<number> {
  return withNode(configs, (node) =>
    withStore(node.config, ({ records }) => {
      if (node.fault) throw node.fault;
      return act({ ...partsOf(node), records });
    }),
  );
}

/** Whether the name of the node was typed; never without a terminal. */
async function confirm(question: string, { node }: NodeConfig): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim() === node.name;
  } finally {
    terminal.close();
  }
}

interface Store {
  history: History;
  records: RecordReader;
}

async function withStore(config: NodeConfig | undefined, act: (store: Store) => Promise<number>): Promise<number> {
  if (!config) throw new CodedError('HS_CONFIG_MISSING', 'no configuration was given');
  const options = { store: config.store, cluster: config.cluster, log: quiet, applicationName: 'hotstandby cli' };
  const history = await openHistory(options);
  const records = await openRecordReader(options);
  try {
    return await act({ history, records });
  } finally {
    await Promise.all([history.close(), records.close()]);
  }
}

/** Who asks, as the history shows it. */
function operator(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container's user may have no name.
    return `uid ${process.getuid?.() ?? '?'}@${hostname()}`;
  }
}
