import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import { writeSecret } from '../keys.ts';
import { deployHelp, parseDeployOptions, usage, type DeployOptions } from './options.ts';
import { deployFiles, newPassword, nodeFolder } from './pair-files.ts';

/** Who reads the files in the containers: `node` of the Node image; `postgres` and `redis` of theirs. */
const owners = { node: 1000, store: 999 } as const;

/** `files ...`: makes the folders of a pair. Returns the exit code; throws `CodedError`. */
export async function deployCommand(args: string[]): Promise<number> {
  const options = parseDeployOptions(args);
  if (!options) {
    process.stdout.write(deployHelp);
    return 0;
  }
  const out = path.resolve(options.out);
  refuseTaken(out);
  const password = passwordOf(options);
  const files = await deployFiles(options, password);

  // Made beside and moved in one step: there is never half a pair to be copied.
  const parent = path.dirname(out);
  if (!existsSync(parent)) throw usage([`--out: expected a folder inside one that exists; ${parent} does not`]);
  let fresh: string;
  try {
    fresh = mkdtempSync(path.join(parent, '.hotstandby-pair-'));
  } catch (error) {
    throw new CodedError('HS_DATA_UNUSABLE', `${parent}: ${String(error)}`, { cause: error });
  }
  try {
    for (const { path: name, content, mode } of files) writeSecret(path.join(fresh, name), content, mode);
    // The group enters, for the one key that it may read.
    for (const { name } of [options.primary, options.secondary]) {
      for (const folder of ['', 'keys', 'keys/nats', 'nats'])
        chmodSync(path.join(fresh, nodeFolder(name), folder), 0o750);
    }
    const owned = process.getuid?.() === 0 && giveAway(fresh);
    refuseTaken(out);
    renameSync(fresh, out);
    process.stdout.write(nextSteps(options, out, owned));
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  return 0;
}

function refuseTaken(out: string): void {
  if (lstatSync(out, { throwIfNoEntry: false }) === undefined) return;
  throw new CodedError('HS_USAGE', `--out: ${out} exists; keys of a pair in use are never written over`, {
    cure: 'Name another folder, or move the old one away.',
  });
}

function passwordOf({ storePasswordFile }: DeployOptions): string {
  if (storePasswordFile === null) return newPassword();
  let text: string;
  try {
    text = readFileSync(storePasswordFile, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw usage([`--store-password: ${storePasswordFile} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  if (text === '' || /[\r\n\0]/.test(text)) throw usage(['--store-password: expected one line that is not empty']);
  return text;
}

/** As root: the files belong to those who read them in the containers. */
function giveAway(folder: string): boolean {
  const give = (at: string, id: number) => {
    chownSync(at, id, id);
    if (lstatSync(at).isDirectory()) for (const name of readdirSync(at)) give(path.join(at, name), id);
  };
  for (const name of readdirSync(folder)) {
    give(path.join(folder, name), name === 'store' ? owners.store : owners.node);
  }
  return true;
}

function nextSteps({ primary, secondary }: DeployOptions, out: string, owned: boolean): string {
  const copy = ({ name, address }: DeployOptions['primary']) =>
    `  tar -C ${quote(path.join(out, nodeFolder(name)))} -cf - . | ssh root@${address} 'install -d -m 0750 -o 1000 -g 1000 /etc/hotstandby && tar -C /etc/hotstandby -xpf - && chown -R 1000:1000 /etc/hotstandby'`;
  return `${out} holds the keys of both nodes and the store's password: keep it safe, and delete it when it is copied.
${owned ? '' : 'The files belong to you; they must belong to uid 1000 on the nodes and to uid 999 on the store machine.\n'}
Each node gets its own folder only:
${copy(primary)}
${copy(secondary)}
The store machine gets ${path.join(out, 'store')} as /etc/hotstandby-store, owned by 999:999.
Then docs/docker.md, "Start".
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
