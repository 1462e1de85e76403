import { readFile, stat } from 'node:fs/promises';
import { CodedError, type ErrorCode } from '@hotstandby/contracts';

const readableForOthers = 0o044;

/** A file with a secret. Throws `code` when it cannot be read, or when others than its owner can. Nothing of it is in a message. */
export async function readPrivateFile(path: string, code: ErrorCode): Promise<Buffer> {
  try {
    const { mode } = await stat(path);
    if ((mode & readableForOthers) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new CodedError(code, `${path}: it may be read by others than its owner (mode ${octal})`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? 'no reason given';
    throw new CodedError(code, `${path}: it cannot be read (${why})`);
  }
}
