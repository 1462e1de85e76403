import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The absolute path of a program, or null. `HOTSTANDBY_PATH` leads to tools that set-up unpacked itself. */
export async function findProgram(name: string): Promise<string | null> {
  const given = [process.env['HOTSTANDBY_PATH'], process.env['PATH']].flatMap((path) => path?.split(delimiter) ?? []);
  for (const folder of [...given, '/usr/bin', '/bin'].filter((one) => one !== '')) {
    const path = join(folder, name);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return null;
}
