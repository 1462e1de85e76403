import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { systemClock } from '@hotstandby/adapters/system';
import type { NodeConfig } from '@hotstandby/config';
import { CodedError, errorCodes, type ErrorCode } from '@hotstandby/contracts';
import type { Logger } from '@hotstandby/ports';

export interface OpenNode {
  config: NodeConfig;
  nats: NatsParts;
  /** Why its NATS server could not be asked; null when it is connected. */
  fault: CodedError | null;
}

const connectMs = 1500;

/** Connects to the first node whose NATS server answers; when none does, the last one, with its fault. */
export async function openNode(configs: NodeConfig[]): Promise<OpenNode> {
  let last: OpenNode | null = null;
  for (const config of configs) {
    await last?.nats.close();
    last = await tryNode(config);
    if (last.fault === null) return last;
  }
  if (!last) throw new CodedError('HS_CONFIG_MISSING', 'no configuration was given');
  return last;
}

async function tryNode(config: NodeConfig): Promise<OpenNode> {
  const heard: CodedError[] = [];
  const nats = await connectNats({ config, service: 'cli', log: faultLog(heard) });
  const connected = await new Promise<boolean>((resolve) => {
    const finish = (answer: boolean) => {
      cancel();
      stopLooking();
      forget();
      resolve(answer);
    };
    const cancel = systemClock.after(connectMs, () => finish(false));
    // A key that is refused does not get better by waiting.
    const stopLooking = systemClock.every(
      20,
      () => heard.some(({ code }) => code === 'HS_NATS_REFUSED') && finish(false),
    );
    const forget = nats.bus.onStatus((up) => up && finish(true));
    if (nats.bus.connected()) finish(true);
  });
  if (connected) return { config, nats, fault: null };
  const fault = heard.at(-1) ?? new CodedError('HS_NATS_UNREACHABLE', `${config.nats.url} does not answer`);
  return { config, nats, fault };
}

/** What the connection complains about, so that the command can say it; the rest of its log is for services. */
function faultLog(heard: CodedError[]): Logger {
  const take: Logger['warn'] = (message, { code, cure } = {}) => {
    if (typeof code !== 'string' || !(code in errorCodes)) return;
    heard.push(new CodedError(code as ErrorCode, message, typeof cure === 'string' ? { cure } : {}));
  };
  return { debug: () => {}, info: () => {}, warn: take, error: take };
}
