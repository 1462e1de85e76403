import { watch as watchFolder, type FSWatcher } from 'node:fs';
import { errorCodes } from '@hotstandby/contracts';
import type { Selector, TransferFault } from '@hotstandby/ports';

const quietMs = 100;
const longestMs = 500;
const retryMs = 5000;

/**
 * Calls back when something that `select` takes may have changed: after 100 ms of quiet, and every 500 ms while it goes
 * on changing. When watching fails (the folder is away, the kernel's limit is reached) it is tried again for ever.
 */
export function watchTree(
  root: string,
  select: Selector,
  onChange: () => void,
  onFault: (fault: TransferFault | null) => void,
): () => void {
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let firstAtMs: number | null = null;
  let failing = false;
  let stopped = false;

  const tell = () => {
    firstAtMs = null;
    if (!stopped) onChange();
  };
  const changed = () => {
    const nowMs = performance.now();
    firstAtMs ??= nowMs;
    clearTimeout(timer);
    timer = setTimeout(tell, Math.max(0, Math.min(quietMs, firstAtMs + longestMs - nowMs)));
  };
  const failed = (error: Error) => {
    watcher?.close();
    watcher = null;
    if (stopped) return;
    if (!failing) onFault(faultOf(root, error));
    failing = true;
    clearTimeout(retry);
    retry = setTimeout(begin, retryMs);
  };
  const begin = () => {
    try {
      watcher = watchFolder(root, { recursive: true }, (_event, name) => {
        if (name === null || select.file(name) || select.folder(name)) changed();
      });
      watcher.on('error', failed);
      if (failing) {
        failing = false;
        onFault(null);
        changed();
      }
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  };
  begin();
  return () => {
    stopped = true;
    watcher?.close();
    clearTimeout(timer);
    clearTimeout(retry);
  };
}

function faultOf(root: string, error: Error): TransferFault {
  const limit = (error as { code?: string }).code === 'ENOSPC';
  return {
    code: 'HS_SYNC_UNREADABLE',
    message: `${root} cannot be watched, changes are found at the interval only: ${error.message}`,
    cure: limit ? 'Raise fs.inotify.max_user_watches (sysctl).' : errorCodes.HS_SYNC_UNREADABLE[1],
  };
}
