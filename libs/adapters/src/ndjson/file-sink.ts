import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import { recordLine } from '@hotstandby/core/record-lines';
import type { Clock, Logger, SinkItem, SinkMessage, TelemetryKind, TelemetrySink } from '@hotstandby/ports';

export interface FileSinkOptions {
  /** The file that is written; older ones stand beside it as `<path>.<UTC time>`. */
  path: string;
  kinds: readonly TelemetryKind[];
  /** A file that reached this is set aside. */
  maxBytes: number;
  /** And one that is so old. */
  maxAgeMs: number;
  /** How many that were set aside are kept. */
  keepFiles: number;
  /** `always`: what was delivered is on the disk. `never`: it is with the kernel, and survives this process, but not the machine. */
  fsync: 'always' | 'never';
  clock: Clock;
  log: Logger;
}

interface OpenFile {
  handle: FileHandle;
  bytes: number;
  openedAtMs: number;
}

class Lines implements SinkItem {
  readonly messageId: string;
  readonly bytes: Buffer;

  constructor(messageId: string, bytes: Buffer) {
    this.messageId = messageId;
    this.bytes = bytes;
  }
}

/** Records as lines of JSON in a file. Opened at the first delivery, and again after every failure. */
export class FileSink implements TelemetrySink {
  readonly name: string;
  readonly readsFlows: boolean;
  readonly readsSyslog: boolean;
  readonly #options: FileSinkOptions;
  #file: OpenFile | null = null;
  /** One delivery after the other, whoever asks. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FileSinkOptions) {
    this.name = `file ${options.path}`;
    this.readsFlows = options.kinds.includes('flow');
    this.readsSyslog = options.kinds.includes('syslog');
    this.#options = options;
  }

  stage(message: SinkMessage): SinkItem | null {
    const lines: string[] = [];
    let number = 0;
    for (const { datagram, digest, syslog, traps, flows } of message.datagrams) {
      for (const record of [...syslog, ...traps, ...flows]) {
        const id = `${message.messageId}/${number++}`;
        if (!this.#options.kinds.includes(datagram.kind)) continue;
        lines.push(recordLine({ id, kind: datagram.kind, digest, epoch: message.epoch }, record));
      }
    }
    return lines.length === 0 ? null : new Lines(message.messageId, Buffer.from(`${lines.join('\n')}\n`));
  }

  /** Throws `HS_SINK_FAILED`. A line that was cut off by a failure ends where the next delivery begins a line of its own. */
  deliver(items: readonly SinkItem[]): Promise<void> {
    const bytes = items.filter((item) => item instanceof Lines).map((item) => item.bytes);
    const mine = this.#turn.then(() => this.#write(bytes));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#forget();
  }

  async #write(lines: readonly Buffer[]): Promise<void> {
    try {
      const file = await this.#opened();
      const bytes = lines.length === 1 && lines[0] ? lines[0] : Buffer.concat(lines);
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await file.handle.write(bytes, at, bytes.length - at);
        at += bytesWritten;
        file.bytes += bytesWritten;
      }
      if (this.#options.fsync === 'always') await file.handle.datasync();
    } catch (cause) {
      await this.#forget();
      const why = (cause as { code?: string }).code ?? String(cause);
      throw new CodedError('HS_SINK_FAILED', `${this.name} cannot be written (${why})`, { cause });
    }
  }

  async #opened(): Promise<OpenFile> {
    const { path, maxBytes, maxAgeMs, clock } = this.#options;
    if (this.#file && this.#file.bytes < maxBytes && clock.monotonicMs() - this.#file.openedAtMs < maxAgeMs)
      return this.#file;
    if (this.#file) {
      await this.#forget();
      await setAside(path, clock.wallMs());
      await removeOldest(path, this.#options.keepFiles).catch((error: unknown) =>
        this.#options.log.warn('old files of telemetry could not be removed', { path, error: String(error) }),
      );
    }
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a+', 0o640);
    this.#file = { handle, bytes: (await handle.stat()).size, openedAtMs: clock.monotonicMs() };
    await endLine(this.#file);
    return this.#file;
  }

  async #forget(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close().catch(() => {});
  }
}

/** What a process that died left behind may end in the middle of a line. */
async function endLine(file: OpenFile): Promise<void> {
  if (file.bytes === 0) return;
  const { buffer } = await file.handle.read(Buffer.alloc(1), 0, 1, file.bytes - 1);
  if (buffer[0] !== 0x0a) file.bytes += (await file.handle.write('\n')).bytesWritten;
}

/** `<path>.20261121T101112.123Z`; the names sort by time. */
async function setAside(path: string, nowMs: number): Promise<void> {
  await rename(path, `${path}.${new Date(nowMs).toISOString().replaceAll(/[-:]/g, '')}`);
}

async function removeOldest(path: string, keepFiles: number): Promise<void> {
  const mark = new RegExp(`^${escaped(basename(path))}\\.\\d{8}T\\d{6}\\.\\d{3}Z$`);
  const names = (await readdir(dirname(path))).filter((name) => mark.test(name)).toSorted();
  for (const name of names.slice(0, Math.max(0, names.length - keepFiles))) await rm(join(dirname(path), name));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
