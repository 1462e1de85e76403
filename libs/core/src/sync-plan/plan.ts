import type { ActiveFile, ActiveTree, FileState, Installed, InstalledFile } from './files.ts';
import { isSafePath, type Selector } from './paths.ts';

/**
 * `keep` moves the file to another name beside it; `install` puts the fetched file in place (one rename); `remove` takes
 * a file away that came from the active and vanished there. A plan may be cut off after any step: the next one starts
 * from what is there and comes to the same end.
 */
export type SyncStep = { do: 'keep' | 'install' | 'remove'; path: string };

export interface SyncPlan {
  steps: SyncStep[];
  /** What must be fetched for the `install` steps. */
  needed: ActiveFile[];
  /** To be on disk before the first step. */
  before: Installed;
  /** To be on disk after the last. */
  after: Installed;
  /** Paths of the manifest that would leave the root: nothing is done when there is one. */
  unsafe: string[];
}

export const attributesOf = (file: FileState): string => `${file.mode}:${file.modifiedMs}`;

/** The steps from the live tree on the standby to the active's state. */
export function planSync(
  live: readonly FileState[],
  active: Pick<ActiveTree, 'files' | 'gone'>,
  installed: Installed,
  select: Selector,
): SyncPlan {
  const unsafe = active.files.map((file) => file.path).filter((path) => !isSafePath(path));
  if (unsafe.length > 0) return { steps: [], needed: [], before: installed, after: installed, unsafe };

  const here = new Map(live.map((file) => [file.path, file]));
  const wanted = new Map(active.files.filter((file) => select.file(file.path)).map((file) => [file.path, file]));
  const gone = new Map(active.gone.map((file) => [file.path, file.received]));
  const before = new Map<string, InstalledFile>();
  const after = new Map<string, InstalledFile>();
  const arrive: ActiveFile[] = [];
  const vanish: SyncStep[] = [];
  const edited = new Set<string>();

  for (const file of wanted.values()) {
    const present = here.get(file.path);
    const known = installed.get(file.path);
    const attributes = attributesOf(file);
    after.set(file.path, { digest: file.digest, attributes });
    if (present?.digest === file.digest && (known?.attributes === attributes || attributesOf(present) === attributes)) {
      before.set(file.path, { digest: file.digest, attributes });
      continue;
    }
    before.set(file.path, { digest: null, ...known, pending: file.digest });
    arrive.push(file);
    if (present && !isOurs(present, known, [file.digest, file.received])) edited.add(file.path);
  }
  for (const file of live) {
    if (wanted.has(file.path) || !select.file(file.path)) continue;
    const known = installed.get(file.path);
    const received = gone.get(file.path);
    // Neither came from the active nor was it ever there: it is this node's own.
    if (!known && received === undefined) continue;
    if (known) before.set(file.path, known);
    vanish.push({ do: isOurs(file, known, [received ?? null]) ? 'remove' : 'keep', path: file.path });
  }

  const blocked = blockedBy(vanish.map((step) => step.path));
  const install = (files: ActiveFile[]): SyncStep[] =>
    files.flatMap(({ path }) => [
      ...(edited.has(path) ? [{ do: 'keep', path } as const] : []),
      { do: 'install', path } as const,
    ]);
  // What arrives comes first, so that a file which was renamed is never missing under both names; only where a file
  // takes a folder's place, or the other way round, the old must go first.
  const steps = [
    ...install(arrive.filter((file) => !blocked(file.path))),
    ...vanish,
    ...install(arrive.filter((file) => blocked(file.path))),
  ];
  return { steps, needed: arrive, before, after, unsafe: [] };
}

/** The same plan without the files of `paths`, which could not be had this time; they are not recorded as installed. */
export function withhold(plan: SyncPlan, paths: ReadonlySet<string>): SyncPlan {
  if (paths.size === 0) return plan;
  const after = [...plan.after].flatMap(([path, file]): [string, InstalledFile][] => {
    if (!paths.has(path)) return [[path, file]];
    const known = plan.before.get(path);
    return known ? [[path, known]] : [];
  });
  return {
    ...plan,
    steps: plan.steps.filter((step) => !paths.has(step.path)),
    needed: plan.needed.filter((file) => !paths.has(file.path)),
    after: new Map(after),
  };
}

/** Whether the file is, byte for byte, one that came from the active or that the active got from here. */
function isOurs(file: FileState, known: InstalledFile | undefined, others: (string | null)[]): boolean {
  return [known?.digest ?? null, known?.pending ?? null, ...others].includes(file.digest);
}

/** Whether a path lies below one of `paths`, or one of them below it. */
function blockedBy(paths: string[]): (path: string) => boolean {
  const going = new Set(paths);
  const above = new Set(paths.flatMap(parents));
  return (path) => above.has(path) || parents(path).some((parent) => going.has(parent));
}

function parents(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
}
