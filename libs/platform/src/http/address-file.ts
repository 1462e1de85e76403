import { rename, rm, writeFile } from 'node:fs/promises';
import type { Logger } from '@hotstandby/ports';

/**
 * Where the service answers HTTP, as a file with one line (`http://192.0.2.11:8085`), for who shares the file system but
 * not the bus: a replica's port is known only once it listens, and a container's health check has to ask it. A service
 * works without it, so a file that cannot be written is only said.
 */
export class AddressFile {
  readonly #path: string | undefined;
  readonly #log: Logger;

  /** `path` undefined or empty: nothing is written. */
  constructor(path: string | undefined, log: Logger) {
    this.#path = path || undefined;
    this.#log = log;
  }

  async write(address: string, port: number): Promise<void> {
    if (this.#path === undefined) return;
    // Never half a line for a reader.
    const fresh = `${this.#path}.${process.pid}`;
    try {
      await writeFile(fresh, `${httpUrl(address, port)}\n`, { mode: 0o644 });
      await rename(fresh, this.#path);
    } catch (error) {
      this.#log.warn('the file with the HTTP address cannot be written', { path: this.#path, error: String(error) });
      await rm(fresh, { force: true }).catch(() => {});
    }
  }

  /** Never rejects. */
  async remove(): Promise<void> {
    if (this.#path !== undefined) await rm(this.#path, { force: true }).catch(() => {});
  }
}

/** A URL that can be asked: who listens everywhere is reached on loopback. */
export function httpUrl(address: string, port: number): string {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
