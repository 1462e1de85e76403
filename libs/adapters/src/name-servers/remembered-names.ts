import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readBinding } from '@hotstandby/config';
import type { Logger } from '@hotstandby/ports';
import type { HostnameSettings } from './index.ts';

/**
 * The names that lead to this node or may, with how to change them, in a file of its data directory: who edits the
 * configuration while the node is down has the old name cleared, too. It holds paths of keys and no key.
 */
export class RememberedNames {
  readonly #file: string;
  readonly #log: Logger;
  /** By the name in lower case. */
  #known = new Map<string, HostnameSettings>();
  #written = '';

  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  /** How the name is changed, from now on. */
  know(settings: HostnameSettings): void {
    this.#known.set(settings.name.toLowerCase(), settings);
  }

  /** What an earlier run left. A file that cannot be read is told and counts as empty. */
  load(): HostnameSettings[] {
    let kept: unknown;
    try {
      kept = JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn('which names led here before cannot be read', { file: this.#file, error: String(error) });
      return [];
    }
    return (Array.isArray(kept) ? kept : []).flatMap((one) => {
      const settings = readBinding(one);
      if (settings?.mode === 'hostname') return [settings];
      this.#log.warn('a name that led here before cannot be read', { file: this.#file });
      return [];
    });
  }

  /** These and no others, of those that are known. Never throws: the name itself matters more. */
  keep(names: string[]): void {
    this.#known = new Map(
      names.flatMap((name) => {
        const settings = this.#known.get(name.toLowerCase());
        return settings ? [[name.toLowerCase(), settings] as const] : [];
      }),
    );
    const text = JSON.stringify([...this.#known.values()]);
    if (text === this.#written) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600, flush: true });
      renameSync(`${this.#file}.new`, this.#file);
      this.#written = text;
    } catch (error) {
      this.#log.warn('which names lead here cannot be remembered', { file: this.#file, error: String(error) });
    }
  }
}
