import path from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import type { PairOptions } from '../../setup/options.mjs';
import { type Layout, virtualNameFor } from './layout.ts';
import { loopback, namespaces } from './network.ts';
import { Pair } from './pair.ts';
import type { StopRequests } from './stop-requests.ts';
import { Watch } from './watch.ts';

export interface Session {
  options: PairOptions;
  pair: Pair;
  watch: Watch;
  stops: StopRequests;
  fileSync: boolean;
  defaultData: boolean;
  notice: (line: string) => void;
}

/** What `tools/start.mjs` could not get. */
interface LeftOut {
  program: string;
  means: string;
}

/** Absolute. */
export function dataFolderOf(options: PairOptions, root: string): string {
  return path.resolve(options.data ?? path.join(root, '.hotstandby', 'pair'));
}

/**
 * Prepares and starts a pair, lets `run` have it until it returns or somebody asks for the end, and stops it: nothing is
 * left. Resolves with the exit code.
 */
export async function withPair(
  options: PairOptions,
  place: { root: string; main: string },
  stops: StopRequests,
  notice: (line: string) => void,
  run: (session: Session) => Promise<number>,
): Promise<number> {
  const leftOut = JSON.parse(process.env['HOTSTANDBY_LEFT_OUT'] ?? '[]') as LeftOut[];
  const withoutFileSync = leftOut.find((one) => one.means === 'file-sync is off')?.program ?? null;
  const choices = { profile: options.profile, reset: options.reset, withoutFileSync };
  const network = options.vip ? await namespaces() : loopback(options.net);
  const data = dataFolderOf(options, place.root);
  const virtualName = options.hostname ? virtualNameFor(options.net) : null;
  const layout: Layout = { root: place.root, data, addresses: network.addresses, virtualName };
  const pair = await Pair.prepare(layout, choices, network, place.main, { notice });
  const watch = new Watch(layout);
  let code = 1;
  try {
    if (!stops.asked) {
      await pair.start();
      await watch.start();
      const session = {
        options,
        pair,
        watch,
        stops,
        fileSync: withoutFileSync === null,
        defaultData: options.data === null,
        notice,
      };
      code = await run(session);
    }
  } finally {
    await watch.look();
    const active = watch.active();
    await watch.close();
    const stopped = await Promise.race([pair.stop(active).then(() => true), stops.second.then(() => false)]);
    if (!stopped) {
      notice('Asked again: everything is ended at once.');
      await pair.stopAtOnce();
      code = 130;
    }
  }
  return code;
}

/** For people, with the cure; other faults keep their stack. */
export function faultText(error: unknown): string {
  if (error instanceof CodedError) return `${error.code}: ${error.message}\nCure: ${error.cure}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
