import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { access, constants } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { CodedError } from '@hotstandby/contracts';

/** Programs by absolute path. `setpriv` is a comfort: with it a child ends with the process that started it. */
export interface Tools {
  rsync: string;
  ssh: string;
  sshd: string;
  setpriv: string | null;
}

// An ordinary user's PATH lacks the sbin folders.
const wellKnown = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where programs are looked for: `HOTSTANDBY_PATH` first (set-up may have unpacked them there), then PATH. */
export function searchPath(env: NodeJS.ProcessEnv = process.env): string[] {
  const given = [env['HOTSTANDBY_PATH'], env['PATH']].flatMap((list) => (list ?? '').split(delimiter));
  return [...new Set([...given, ...wellKnown])].filter((folder) => isAbsolute(folder));
}

/** Throws `HS_SYNC_TOOL` and names everything that is missing. */
export async function findTools(folders: string[]): Promise<Tools> {
  const find = async (name: string): Promise<string | null> => {
    for (const folder of folders) {
      const path = join(folder, name);
      if (await access(path, constants.X_OK).then(() => true, () => false)) return path; // prettier-ignore
    }
    return null;
  };
  const [rsync, ssh, sshd, setpriv] = await Promise.all(['rsync', 'ssh', 'sshd', 'setpriv'].map(find));
  if (rsync && ssh && sshd) {
    return { rsync, ssh, sshd, setpriv: setpriv && (await knowsDeathSignal(setpriv)) ? setpriv : null };
  }
  const missing = Object.entries({ rsync, ssh, sshd }).flatMap(([name, path]) => (path ? [] : [name]));
  throw new CodedError('HS_SYNC_TOOL', `${missing.join(', ')} not found in ${folders.join(delimiter)}`);
}

const knowing = new Map<string, Promise<boolean>>();

/** The one of BusyBox does not. */
function knowsDeathSignal(setpriv: string): Promise<boolean> {
  const known = knowing.get(setpriv) ?? promisify(execFile)(setpriv, ['--help'], { timeout: 5000 }).then(({ stdout }) => stdout.includes('--pdeathsig'), () => false); // prettier-ignore
  knowing.set(setpriv, known);
  return known;
}

/** The environment of a child: nothing of ours but where its programs and libraries are. */
export function childEnvironment(tools: Tools): NodeJS.ProcessEnv {
  const libraries = process.env['LD_LIBRARY_PATH'];
  const path = [...new Set([dirname(tools.ssh), dirname(tools.rsync), ...wellKnown])].join(delimiter);
  return { PATH: path, LC_ALL: 'C', ...(libraries ? { LD_LIBRARY_PATH: libraries } : {}) };
}

/** The command that runs `program`, ended by the kernel when this process ends, however it ends. */
export function mortal(tools: Tools, program: string, args: string[]): [string, string[]] {
  return tools.setpriv ? [tools.setpriv, ['--pdeathsig', 'TERM', '--', program, ...args]] : [program, args];
}
