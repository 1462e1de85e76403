import { pino } from 'pino';
import type { NodeConfig } from '@hotstandby/config';
import type { LogFields, Logger } from '@hotstandby/ports';
import { prettyLine } from './pretty-line.ts';

export interface ProcessLog extends Logger {
  /** Writes out what is still in memory; before the process ends. */
  flush(): void;
}

const longestBacklogBytes = 4 * 1024 * 1024;

/**
 * The log of a process on its standard output. Never blocks the service: lines wait in memory for a slow reader, up to
 * a bound above which they are dropped, and a reader that went away ends nothing.
 */
export function openLog(log: NodeConfig['log'], base: Record<string, string>, fd = 1): ProcessLog {
  let flushing = false;
  let triesLeft = 20;
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: 0,
    maxLength: longestBacklogBytes,
    retryEAGAIN: () => !flushing || triesLeft-- > 0,
  });
  destination.on('error', () => {});
  const terminal = fd === 1 && process.stdout.isTTY === true;
  const pretty = log.format === 'pretty' || (log.format === 'auto' && terminal);
  const colour = terminal && !process.env.NO_COLOR;
  const logger = pino(
    { level: log.level, base, timestamp: pino.stdTimeFunctions.isoTime },
    pretty ? { write: (line: string) => void destination.write(prettyLine(line, colour)) } : destination,
  );
  return {
    debug: (message, fields) => logger.debug(plain(fields), message),
    info: (message, fields) => logger.info(plain(fields), message),
    warn: (message, fields) => logger.warn(plain(fields), message),
    error: (message, fields) => logger.error(plain(fields), message),
    flush() {
      flushing = true;
      try {
        destination.flushSync();
      } catch {
        // The reader is gone or full: nobody is there to tell.
      }
      flushing = false;
    },
  };
}

/** JSON makes `{}` of an Error: spell it out, wherever a service passed one. */
function plain(fields: LogFields = {}): LogFields {
  if (!Object.values(fields).some((value) => value instanceof Error)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error
        ? { name: value.name, code: (value as { code?: unknown }).code, message: value.message, stack: value.stack }
        : value,
    ]),
  );
}
