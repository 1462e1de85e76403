import { fstatSync, writeSync } from 'node:fs';

/** Where log lines go. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when everything is out, or after `withinMs`. */
  drained(withinMs: number): Promise<void>;
}

const longestBacklogBytes = 4 * 1024 * 1024;

/**
 * Standard output for a service that must not stop when its reader does. A pipe is written without blocking: lines of a
 * slow reader wait in memory up to a bound, those above it are dropped and counted, and a reader that went away ends
 * nothing. A file is written directly, because a stream to a file is destroyed for good by the first full disk.
 *
 * Tried and left: pino's own destination writes from a thread of the pool; a reader that is stuck blocks that thread, and
 * with it the exit of the process.
 */
export function standardOutput(): LineSink {
  return isFile() ? fileOutput() : streamOutput(process.stdout);
}

function isFile(): boolean {
  try {
    return fstatSync(1).isFile();
  } catch {
    return false;
  }
}

function fileOutput(): LineSink {
  return {
    write(line) {
      try {
        writeSync(1, line);
      } catch {
        // A full disk: the line is lost, the service goes on.
      }
    },
    drained: async () => {},
  };
}

function streamOutput(stream: NodeJS.WriteStream): LineSink {
  let dropped = 0;
  stream.on('error', () => {});
  return {
    write(line) {
      if (stream.destroyed) return;
      if (stream.writableLength > longestBacklogBytes) {
        dropped++;
        return;
      }
      if (dropped > 0)
        stream.write(`${JSON.stringify({ level: 40, msg: `${dropped} lines of the log were dropped` })}\n`);
      dropped = 0;
      stream.write(line);
    },
    async drained(withinMs) {
      if (stream.destroyed || stream.writableLength === 0) return;
      await Promise.race([
        new Promise((resolve) => stream.write('', resolve)),
        new Promise((resolve) => setTimeout(resolve, withinMs)),
      ]);
    },
  };
}
