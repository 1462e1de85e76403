import { hostname, userInfo } from 'node:os';
import { PostgresHistory, PostgresRecordReader } from '@hotstandby/adapters/postgres';
import { systemClock as clock } from '@hotstandby/adapters/system';
import type { NodeConfig } from '@hotstandby/config';
import { CodedError } from '@hotstandby/contracts';
import {
  eventsCommand,
  explainCommand,
  historyCommand,
  recordsCommand,
  statusCommand,
  switchoverCommand,
  tellFault,
  type Output,
} from '@hotstandby/services/cli';
import { checkCommand } from './check.ts';
import { ConfigFaults, readConfigs } from './configs.ts';
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
    switchover: (options, reason) =>
      run(options, (configs, output) =>
        withNode(configs, (node) =>
          withStore(node.config, ({ records }) => {
            if (node.fault) throw node.fault;
            return switchoverCommand({ operator: operator(), reason }, { ...partsOf(node), records }, output);
          }),
        ),
      ),
    check: async (options, files) => checkCommand(options, files, outputFor(options.json)),
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

interface Store {
  history: PostgresHistory;
  records: PostgresRecordReader;
}

async function withStore(config: NodeConfig | undefined, act: (store: Store) => Promise<number>): Promise<number> {
  if (!config) throw new CodedError('HS_CONFIG_MISSING', 'no configuration was given');
  const options = { store: config.store, cluster: config.cluster, log: quiet, applicationName: 'hotstandby cli' };
  const history = new PostgresHistory(options);
  const records = new PostgresRecordReader(options);
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
