import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** SHA-256, hex, of a file, or of its first `bytes` bytes; never follows a symbolic link. */
export async function digestOf(path: string, bytes = Infinity): Promise<string> {
  // Without O_NONBLOCK a pipe that took the file's place would hold us for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(262_144);
    for (let left = bytes; left > 0;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, left));
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}
