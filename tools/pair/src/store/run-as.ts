import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';

/** How PostgreSQL is run, which refuses to be root. Paths are where its binaries and its data are then. */
export interface RunAs {
  /** Goes in front of the program: `['unshare', ...]`, or nothing. */
  prefix: string[];
  /** Who the files must belong to; null: whoever runs this. */
  owner: { uid: number; gid: number } | null;
  /** Folder with bin, lib and share. */
  native: string;
  dataFolder: string;
  /** For people, when something lies outside the pair's folder. */
  note: string | null;
}

/**
 * An ordinary user runs it as it is. Root runs it as another user: in a user namespace of its own where the kernel
 * allows that (files stay root's, so no folder needs to be open to others), else as `postgres` or `nobody`, then from a
 * place that this user can enter.
 */
export function planRunAs(native: string, dataFolder: string): RunAs {
  const asIs = { prefix: [], owner: null, native, dataFolder, note: null };
  if (process.getuid?.() !== 0) return asIs;
  const unshare = ['unshare', '-U', '--map-user=1000', '--map-group=1000'];
  if (succeeds([...unshare, 'true'])) return { ...asIs, prefix: unshare };

  const owner = serviceUser();
  const prefix = ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  if (openToOthers(native) && openToOthers(path.dirname(dataFolder))) {
    return { ...asIs, prefix, owner };
  }
  const home = outsideHome(dataFolder);
  const copy = path.join(home, 'native');
  mkdirSync(home, { recursive: true, mode: 0o755 });
  if (!existsSync(copy)) cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return {
    prefix,
    owner,
    native: copy,
    dataFolder: path.join(home, 'data'),
    note: `PostgreSQL must not run as root and cannot enter ${dataFolder}: its data are in ${home}.`,
  };
}

/** Where a database lives whose own folder its user cannot enter. */
export function outsideHome(dataFolder: string): string {
  return `/var/lib/hotstandby-pair/${createHash('sha256').update(dataFolder).digest('hex').slice(0, 12)}`;
}

/** An empty folder that only that user may enter. */
export function own(folder: string, { uid, gid }: { uid: number; gid: number }): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chownSync(folder, uid, gid);
}

function serviceUser(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : { uid: 65_534, gid: 65_534 };
}

/** Whether any user may pass through every folder on the way. */
export function openToOthers(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function succeeds([program = '', ...args]: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}
