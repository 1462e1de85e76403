import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger, SyncMemory, SyncMemoryStore } from '@hotstandby/ports';

type Row = [path: string, digest: string | null, attributes: string | null, pending: string | null];

/** file-sync's memory as a JSON file, replaced whole. */
export class SyncMemoryFile implements SyncMemoryStore {
  readonly #file: string;
  readonly #log: Logger;

  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  async load(): Promise<SyncMemory> {
    const text = await readFile(this.#file, 'utf8').catch(() => null);
    if (text === null) return { epoch: 0, installed: new Map(), announced: [] };
    try {
      const { epoch, installed, announced } = JSON.parse(text) as {
        epoch: number;
        installed: Row[];
        announced: string[];
      };
      const rows = installed.map(
        ([path, digest, attributes, pending]) =>
          [path, { digest, attributes: attributes ?? undefined, pending: pending ?? undefined }] as const,
      );
      return { epoch, installed: new Map(rows), announced: announced.map(String) };
    } catch (error) {
      this.#log.warn('what was installed before cannot be read; every file that differs counts as edited here', {
        file: this.#file,
        error: String(error),
      });
      return { epoch: 0, installed: new Map(), announced: [] };
    }
  }

  async save(memory: SyncMemory): Promise<void> {
    const installed = [...memory.installed].map(([path, file]): Row => [
      path,
      file.digest,
      file.attributes ?? null,
      file.pending ?? null,
    ]);
    await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
    const file = await open(`${this.#file}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ epoch: memory.epoch, installed, announced: memory.announced }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#file}.new`, this.#file);
  }
}
