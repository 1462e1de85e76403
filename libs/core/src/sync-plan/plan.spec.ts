import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isReserved,
  isSafePath,
  keptSuffix,
  planSync,
  selector,
  withhold,
  type ActiveFile,
  type FileState,
  type Installed,
  type SyncPlan,
} from './index.ts';

const all = selector({ include: { directories: [], files: [] }, exclude: { directories: [], files: [] } });
const file = (path: string, digest: string): FileState => ({ path, size: 1, modifiedMs: 1, mode: 0o644, digest });
const sent = (path: string, digest: string, received: string | null = null): ActiveFile => ({
  ...file(path, digest),
  received,
});
const had = (...entries: [string, string][]): Installed => new Map(entries.map(([path, digest]) => [path, { digest }]));
const said = (plan: SyncPlan) => plan.steps.map((step) => `${step.do} ${step.path}`);

describe('planSync', () => {
  it('installs what is new or changed and removes what came from the active and vanished there', () => {
    const live = [file('same', '1'), file('old', '1'), file('gone', '1'), file('mine', '1')];
    const plan = planSync(
      live,
      { files: [sent('same', '1'), sent('old', '2'), sent('new', '1')], gone: [] },
      had(['same', '1'], ['old', '1'], ['gone', '1']),
      all,
    );
    expect(said(plan)).toEqual(['install old', 'install new', 'remove gone']);
    expect([...plan.after.keys()]).toEqual(['same', 'old', 'new']);
  });

  it('keeps aside what was edited here, changed or removed there', () => {
    const plan = planSync(
      [file('both', 'edit'), file('theirs', 'edit'), file('unknown', 'x')],
      { files: [sent('both', '2'), sent('unknown', 'y')], gone: [] },
      had(['both', '1'], ['theirs', '1']),
      all,
    );
    expect(said(plan)).toEqual(['keep both', 'install both', 'keep unknown', 'install unknown', 'keep theirs']);
  });

  it('takes what the active once got from here, and changed or removed since, for no edit', () => {
    const plan = planSync(
      [file('changed', '1'), file('removed', '1')],
      { files: [sent('changed', '2', '1')], gone: [{ path: 'removed', received: '1' }] },
      had(),
      all,
    );
    expect(said(plan)).toEqual(['install changed', 'remove removed']);
  });

  it('makes room first where a file takes the place of a folder, or a folder of a file', () => {
    const plan = planSync(
      [file('a/x', '1'), file('b', '1')],
      { files: [sent('a', '2'), sent('b/y', '2')], gone: [] },
      had(['a/x', '1'], ['b', '1']),
      all,
    );
    expect(said(plan)).toEqual(['remove a/x', 'remove b', 'install a', 'install b/y']);
  });

  it('brings a changed mode or time once, and no more where the file system cannot hold it', () => {
    const active = { files: [{ ...sent('run.sh', '1'), mode: 0o755 }], gone: [] };
    const first = planSync([file('run.sh', '1')], active, had(['run.sh', '1']), all);
    expect(said(first)).toEqual(['install run.sh']);
    expect(said(planSync([file('run.sh', '1')], active, first.after, all))).toEqual([]);
  });

  it('does nothing at all when one path would leave the root', () => {
    for (const path of ['../x', '/etc/x', 'a/../../x', 'a//x', '', './x', 'a/\0']) {
      const plan = planSync([], { files: [sent('good', '1'), sent(path, '1')], gone: [] }, had(), all);
      expect(plan.steps, path).toEqual([]);
      expect(plan.unsafe, path).toEqual([path]);
    }
  });

  it('takes odd names as they are', () => {
    for (const path of ['-rf', 'a b', 'new\nline', 'ü/日本', '*', '__proto__', 'constructor', '..a', 'a..', '"', "'"]) {
      expect(isSafePath(path), path).toBe(true);
      expect(said(planSync([], { files: [sent(path, '1')], gone: [] }, had(), all))).toEqual([`install ${path}`]);
    }
  });

  it('leaves out what could not be had, and does not record it', () => {
    const plan = planSync([file('b', 'edit')], { files: [sent('a', '1'), sent('b', '2')], gone: [] }, had(), all);
    const less = withhold(plan, new Set(['b']));
    expect(said(less)).toEqual(['install a']);
    expect(less.after.get('b')?.digest).toBeNull();
  });
});

describe('selector', () => {
  const select = selector({
    include: { directories: ['conf/', './maps'], files: ['etc/one.ini'] },
    exclude: { directories: ['conf/tmp'], files: ['maps/cache'] },
  });
  it('takes included folders and files, less what is excluded', () => {
    const taken = ['conf/a', 'conf/b/c', 'maps/x', 'etc/one.ini'];
    const left = ['a', 'conf/tmp/x', 'maps/cache', 'etc/two.ini', 'conference/x', 'conf/tmp'];
    expect([...taken, ...left].filter((path) => select.file(path))).toEqual(taken);
    expect(['', 'conf', 'etc', 'conf/b'].every((path) => select.folder(path))).toBe(true);
    expect(['conf/tmp', 'logs'].some((path) => select.folder(path))).toBe(false);
  });
  it('takes everything without an include, but never its own files', () => {
    const suffix = keptSuffix('b', '2026-11-21T12:00:00.123Z');
    expect(suffix).toBe('.kept-b-20261121T120000Z');
    expect(all.file('any/where')).toBe(true);
    for (const path of [`a/x${suffix}`, `x${suffix}-2`, '.hotstandby-sync/x', 'a/.hotstandby-tmp-1']) {
      expect(isReserved(path), path).toBe(true);
      expect(all.file(path), path).toBe(false);
    }
  });
});

/** A disk of digests by path; a kept file has the path it had, `#` and a number. */
type Disk = Map<string, string>;
function perform(disk: Disk, active: ActiveFile[], plan: SyncPlan, upTo: number): void {
  for (const step of plan.steps.slice(0, upTo)) {
    const now = disk.get(step.path);
    const next = active.find((one) => one.path === step.path);
    if (step.do !== 'install') disk.delete(step.path);
    else if (next) disk.set(step.path, next.digest);
    if (step.do === 'keep' && now !== undefined) disk.set(`${step.path}#${disk.size}`, now);
  }
}
const live = (disk: Disk) => [...disk].filter(([path]) => !path.includes('#')).map(([path, d]) => file(path, d));
const kept = (disk: Disk) =>
  [...disk]
    .filter(([path]) => path.includes('#'))
    .map(([path, d]) => path.split('#')[0] + d)
    .sort();

it('comes to the same end wherever it is cut off, again and again, and never loses an edit', () => {
  const path = fc.constantFrom('a', 'b', 'c', 'd/e', 'd/f', 'g');
  const tree = (prefix: string) => fc.dictionary(path, fc.constantFrom('1', '2', `${prefix}x`, `${prefix}y`));
  fc.assert(
    fc.property(
      tree('local'),
      tree('active'),
      tree('then'),
      fc.array(fc.nat(8), { maxLength: 6 }),
      (onDisk, onActive, cameThen, cuts) => {
        const installed: Installed = had(...Object.entries(cameThen));
        const active = Object.entries(onActive).map(([at, digest]) => sent(at, digest));
        const straight: Disk = new Map(Object.entries(onDisk));
        const whole = planSync(live(straight), { files: active, gone: [] }, installed, all);
        perform(straight, active, whole, whole.steps.length);

        const cut: Disk = new Map(Object.entries(onDisk));
        let memory = installed;
        for (const steps of [...cuts, 100]) {
          const plan = planSync(live(cut), { files: active, gone: [] }, memory, all);
          perform(cut, active, plan, steps);
          memory = steps >= plan.steps.length ? plan.after : plan.before;
        }
        const order = (disk: Disk) =>
          live(disk)
            .map((one) => one.path + one.digest)
            .sort();
        expect(order(cut)).toEqual(order(straight));
        expect(kept(cut)).toEqual(kept(straight));
        for (const [at, digest] of Object.entries(onDisk)) {
          const known = installed.get(at)?.digest === digest || onActive[at] === digest;
          if (!known) expect([...order(cut), ...kept(cut)], `${at} ${digest}`).toContain(at + digest);
        }
        expect(planSync(live(cut), { files: active, gone: [] }, memory, all).steps).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});
