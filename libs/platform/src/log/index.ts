import { pino } from 'pino';
import type { NodeConfig } from '@hotstandby/config';
import type { LogFields, Logger } from '@hotstandby/ports';
import { prettyLine } from './pretty-line.ts';
import { standardOutput } from './standard-output.ts';

export interface ProcessLog extends Logger {
  /** Resolves when every line is out, or after `withinMs`. */
  drained(withinMs: number): Promise<void>;
}

/** The log of a process on its standard output: JSON lines, or for people. */
export function openLog(log: NodeConfig['log'], base: Record<string, string>): ProcessLog {
  const output = standardOutput();
  const terminal = process.stdout.isTTY === true;
  const pretty = log.format === 'pretty' || (log.format === 'auto' && terminal);
  const colour = terminal && !process.env.NO_COLOR;
  // Not pino's `transport`: it starts a worker from a file that a bundle does not have.
  const stream = pretty ? { write: (line: string) => output.write(prettyLine(line, colour)) } : output;
  const logger = pino({ level: log.level, base, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    debug: (message, fields) => logger.debug(plain(fields), message),
    info: (message, fields) => logger.info(plain(fields), message),
    warn: (message, fields) => logger.warn(plain(fields), message),
    error: (message, fields) => logger.error(plain(fields), message),
    drained: (withinMs) => output.drained(withinMs),
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
