import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { LogFields, Logger } from '@hotstandby/ports';

/** What the launcher's own connections say goes into a file: the terminal is the screen's. */
export function logToFile(file: string): Logger {
  mkdirSync(path.dirname(file), { recursive: true });
  const write = (level: string) => (message: string, fields?: LogFields) => {
    const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
    try {
      appendFileSync(file, `${line}\n`);
    } catch {
      // A full disk: the pair itself goes on, and its screen says what matters.
    }
  };
  return { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') };
}
