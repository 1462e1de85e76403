import {
  both,
  isSafePath,
  keptFrom,
  keptSuffix,
  planSync,
  selector,
  withhold,
  without,
  type SyncPlan,
} from '@hotstandby/core/sync-plan';
import { CodedError, fileManifest, hintLimits, isoTime, parse, type FileManifest } from '@hotstandby/contracts';
import type { Scan, Selector, SyncMemory } from '@hotstandby/ports';
import type { FileSyncParts } from './parts.ts';

/** Who is active, as this node's arbiter knows it. */
export interface Holder {
  node: string;
  epoch: number;
}

export interface PullResult {
  manifest: FileManifest;
  /** Files in step, and their bytes. */
  files: number;
  bytes: number;
  changed: number;
  transferredBytes: number;
  /** Files that are kept aside on this node. */
  kept: number;
  /** Links and other things that are not synchronised, here. */
  skipped: number;
  /** Files that could not be had this time, with the reason: they changed meanwhile, or could not be read. */
  left: { paths: string[]; fault: { code: string; message: string; cure: string } | null };
}

// A folder that was not mounted looks like one in which everything was removed.
const suspiciousRemovals = 10;
const spareBytes = 4 * 1024 * 1024;

/**
 * One synchronisation: manifest, plan, fetch, verify, install. Null: `holder` says that nobody is active at present. `still` is asked before every step that changes
 * something: when it throws, what was done so far is whole and the next pull goes on from there.
 */
export async function pull(
  parts: FileSyncParts,
  holder: () => Promise<Holder | null>,
  hints: string[],
  still: () => void,
  signal: AbortSignal,
): Promise<PullResult | null> {
  const { transfer, tree, memory: store, settings } = parts;
  const asked = await holder();
  if (!asked) return null;
  const memory = await store.load();
  const own = selector(settings.selection);
  const wanted = hints.filter((path) => isSafePath(path) && own.file(path));
  const room = wanted.length > 0 && (await tree.freeBytes()) > hintLimits.bytes + spareBytes;
  const text = await transfer.manifest(room ? wanted : [], signal);
  const manifest = readManifest(text, settings.peer);
  mustHold(manifest, settings.peer, Math.max(asked.epoch, memory.epoch));
  const scan = await tree.scan(own);
  const unreadable = [...manifest.unreadable, ...scan.unreadable];
  const select = without(both(own, selector(manifest.selection)), unreadable);
  const whole = planSync(scan.files, manifest, memory.installed, select);
  check(whole, manifest);

  const { good, transferredBytes, problem } = await fetch(parts, whole, signal);
  const missing = whole.needed.map((file) => file.path).filter((path) => !good.has(path));
  const plan = withhold(whole, new Set(missing));

  still();
  const epoch = manifest.epoch;
  // The reign may have ended while files moved.
  if (plan.steps.length > 0) {
    const now = await holder();
    if (!now) return null;
    mustHold(manifest, settings.peer, now.epoch);
    still();
  }
  if (plan.steps.length > 0) await store.save({ ...memory, epoch, installed: plan.before });
  const suffix = keptSuffix(parts.place.node, isoTime(parts.clock.wallMs()));
  for (const step of plan.steps) {
    still();
    await tree.apply(step, suffix);
  }
  const now = plan.steps.length > 0 ? await tree.scan(own) : scan;
  const announced = await announce(parts, now.kept, memory.announced);
  if (changedMemory(memory, plan, epoch, announced)) await store.save({ epoch, installed: plan.after, announced });
  if (whole.needed.length > 0) await tree.clear();

  const changed = plan.steps.filter((step) => step.do !== 'keep').length;
  const unread = unreadable.length > 0 ? unreadableFault(unreadable) : null;
  return {
    manifest,
    ...inStep(now, manifest, select),
    changed,
    transferredBytes,
    kept: now.kept.length,
    skipped: now.skipped,
    left: { paths: missing, fault: problem ?? unread },
  };
  async function fetch(from: FileSyncParts, planned: SyncPlan, until: AbortSignal) {
    // What an interrupted pull had already brought need not come again.
    const good = await from.tree.verify(planned.needed);
    const wanted = planned.needed.filter((file) => !good.has(file.path));
    if (wanted.length === 0) return { good, transferredBytes: 0, problem: null };
    const needBytes = wanted.reduce((sum, file) => sum + file.size, 0);
    const freeBytes = await from.tree.freeBytes();
    if (needBytes + spareBytes > freeBytes) {
      throw new CodedError('HS_SYNC_SPACE', `${needBytes} bytes are to be fetched and ${freeBytes} are free`);
    }
    const fetched = await transfer.fetch(
      wanted.map((file) => file.path),
      until,
    );
    for (const path of await from.tree.verify(wanted)) good.add(path);
    return { good, ...fetched };
  }
}

function readManifest(text: string, peer: string): FileManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodedError('HS_CONTRACT', `the manifest of ${peer} is not JSON`, { cause: error });
  }
  return parse(fileManifest, value, `the manifest of ${peer}`);
}

/** The manifest must be the holder's: of the epoch that the arbiter knows, or of a newer one. */
function mustHold(manifest: FileManifest, peer: string, leastEpoch: number): void {
  if (manifest.node !== peer || manifest.epoch < leastEpoch) {
    const got = `${manifest.node} offers files of epoch ${manifest.epoch}`;
    throw new CodedError('HS_SYNC_STALE', `${got}, and the newest epoch is ${leastEpoch}: nothing is taken from it`);
  }
}

function check(plan: SyncPlan, manifest: FileManifest): void {
  if (plan.unsafe.length > 0) {
    throw new CodedError('HS_SYNC_PATH', `${manifest.node} names ${JSON.stringify(plan.unsafe[0]?.slice(0, 200))}`, {
      cure: `Nothing was changed. Find out why file-sync of ${manifest.node} offers such a path.`,
    });
  }
  const going = plan.steps.filter((step) => step.do === 'remove').length;
  if (manifest.files.length === 0 && going > suspiciousRemovals) {
    throw new CodedError(
      'HS_SYNC_EMPTY',
      `the folder of ${manifest.node} is empty; ${going} files would be removed here`,
    );
  }
}

/** Tells of kept files that were not told of, also of those of a pull that was cut off. Returns all of them. */
async function announce({ emit, log, metrics }: FileSyncParts, kept: string[], announced: string[]): Promise<string[]> {
  const known = new Set(announced);
  for (const keptAs of kept.filter((path) => !known.has(path))) {
    const path = keptFrom(keptAs) ?? keptAs;
    log.warn('a file was edited on the standby; it is kept under another name', { path, keptAs });
    metrics.counter('hotstandby_sync_conflicts_total', 'Files edited on the standby and kept aside').add();
    await emit('sync.conflict', { path, keptAs });
  }
  return kept;
}

function changedMemory(memory: SyncMemory, plan: SyncPlan, epoch: number, announced: string[]): boolean {
  if (plan.steps.length > 0 || memory.epoch !== epoch || memory.announced.join('\0') !== announced.join('\0'))
    return true;
  if (memory.installed.size !== plan.after.size) return true;
  return [...plan.after].some(([path, file]) => {
    const known = memory.installed.get(path);
    return known?.digest !== file.digest || known.attributes !== file.attributes || known.pending !== file.pending;
  });
}

function inStep(now: Scan, manifest: FileManifest, select: Selector): { files: number; bytes: number } {
  const wanted = new Map(
    manifest.files.filter((file) => select.file(file.path)).map((file) => [file.path, file.digest]),
  );
  const same = now.files.filter((file) => wanted.get(file.path) === file.digest);
  return { files: same.length, bytes: same.reduce((sum, file) => sum + file.size, 0) };
}

function unreadableFault(paths: string[]) {
  const message = `${paths.length} cannot be read, the first is ${paths[0]}`;
  const { code, cure } = new CodedError('HS_SYNC_UNREADABLE', message);
  return { code, message, cure };
}
