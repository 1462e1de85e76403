import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readBinding, type NodeConfig } from '@hotstandby/config';
import type { Logger } from '@hotstandby/ports';
import type { HostnameSettings } from './index.ts';

export type AddressSettings = Extract<NodeConfig['binding'], { mode: 'vip' }>;

/**
 * The names and virtual addresses that lead to this node or may, with how to change them, in a file of its data directory: who edits
 * the configuration while the node is down, the mode too, has the old ones cleared. It holds paths of keys and no key.
 */
export class RememberedBindings {
  readonly #file: string;
  readonly #log: Logger;
  /** By the name in lower case. */
  #known = new Map<string, HostnameSettings>();
  #kept: HostnameSettings[] = [];
  #addresses: AddressSettings | null = null;
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
  load(): { names: HostnameSettings[]; addresses: AddressSettings | null } {
    for (const settings of this.#read()) {
      if (settings.mode === 'hostname') this.#kept.push(settings);
      else if (settings.mode === 'vip') this.#addresses = settings;
    }
    return { names: this.#kept, addresses: this.#addresses };
  }

  /** These names and no others, of those that are known. Never throws: the name itself matters more. */
  keep(names: string[]): void {
    this.#kept = names.flatMap((name) => this.#known.get(name.toLowerCase()) ?? []);
    this.#known = new Map(this.#kept.map((settings) => [settings.name.toLowerCase(), settings]));
    this.#write();
  }

  /** The virtual addresses that this host may have from now on, and the rules for them; null: neither is there. Never throws. */
  keepAddresses(addresses: AddressSettings | null): void {
    this.#addresses = addresses;
    this.#write();
  }

  #read(): NodeConfig['binding'][] {
    let kept: unknown;
    try {
      kept = JSON.parse(readFileSync(this.#file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn('what led here before cannot be read', { file: this.#file, error: String(error) });
      return [];
    }
    return (Array.isArray(kept) ? kept : []).flatMap((one) => {
      const settings = readBinding(one);
      if (settings) return [settings];
      this.#log.warn('a name or address that led here before cannot be read', { file: this.#file });
      return [];
    });
  }

  #write(): void {
    const text = JSON.stringify([...this.#kept, ...(this.#addresses ? [this.#addresses] : [])]);
    if (text === this.#written) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#file}.new`, text, { mode: 0o600, flush: true });
      renameSync(`${this.#file}.new`, this.#file);
      this.#written = text;
    } catch (error) {
      this.#log.warn('what leads here cannot be remembered', { file: this.#file, error: String(error) });
    }
  }
}
