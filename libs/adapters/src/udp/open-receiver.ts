import { CodedError } from '@hotstandby/contracts';
import type { NodeConfig } from '@hotstandby/config';
import type { Clock, Logger, Receiver } from '@hotstandby/ports';
import { DgramReceiver } from './dgram-receiver.ts';
import { loadNativeAddon } from './native-addon.ts';
import { NativeReceiver } from './native-receiver.ts';

/**
 * The receiver that the configuration asks for. `auto`: the native one where it was compiled, else node:dgram, which is told
 * once. Throws `HS_NATIVE_RECEIVER` when the native one is asked for and not there.
 */
export function openReceiver(parts: {
  config: Pick<NodeConfig['collector'], 'receiver' | 'frameDelayMs'>;
  clock: Clock;
  log: Logger;
}): Receiver {
  const { config, clock, log } = parts;
  if (config.receiver === 'dgram') return new DgramReceiver({ clock, log });
  const addon = loadNativeAddon();
  if (typeof addon !== 'string') return new NativeReceiver({ addon, log, frameDelayMs: config.frameDelayMs });
  if (config.receiver === 'native')
    throw new CodedError('HS_NATIVE_RECEIVER', `the native receiver cannot be used: ${addon}`);
  const note = `the native receiver cannot be used: ${addon}`;
  log.warn('datagrams are received by node:dgram, one a system call: about a quarter of the rate', { why: note });
  return new DgramReceiver({ clock, log, note });
}
