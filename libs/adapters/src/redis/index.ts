import { readFile } from 'node:fs/promises';
import { CodedError } from '@hotstandby/contracts';
import type { Logger, PlainTemplate, TemplateStore } from '@hotstandby/ports';
import { Redis, type RedisOptions } from 'ioredis';

export interface RedisTemplateOptions {
  /** `redis://host:6379/0`, or `rediss://` for TLS. */
  url: string;
  passwordFile?: string | undefined;
  caFile?: string | undefined;
  cluster: string;
  log: Logger;
}

/** An exporter that invents templates must not fill a server that others use, too. */
const mostTemplates = 20_000;
const commandTimeoutMs = 2000;
const retryMs = { least: 100, most: 5000 };

/** Templates in a hash of a Redis server that both nodes reach, and a channel that tells of new ones. */
export class RedisTemplateStore implements TemplateStore {
  readonly #options: RedisTemplateOptions;
  readonly #hash: string;
  readonly #channel: string;
  #client: Promise<Redis> | null = null;
  readonly #watching = new Set<Redis>();
  #complained = false;

  constructor(options: RedisTemplateOptions) {
    this.#options = options;
    this.#hash = `hotstandby:${options.cluster}:templates`;
    this.#channel = `${this.#hash}:new`;
  }

  async put(template: PlainTemplate): Promise<void> {
    const { exporter, version, observationDomain, templateId } = template;
    const field = `${exporter} ${version} ${observationDomain} ${templateId}`;
    const text = JSON.stringify(template);
    try {
      const client = await (this.#client ??= this.#connect());
      if ((await client.hlen(this.#hash)) >= mostTemplates && !(await client.hexists(this.#hash, field))) return;
      await client.hset(this.#hash, field, text);
      await client.publish(this.#channel, text);
    } catch (error) {
      throw new CodedError('HS_REDIS_UNREACHABLE', `Redis: ${messageOf(error)}`);
    }
  }

  async watch(handler: (template: unknown) => void, signal: AbortSignal): Promise<void> {
    const reader = await this.#connect();
    const listener = await this.#connect();
    this.#watching.add(reader).add(listener);
    const readAll = async () => {
      await listener.subscribe(this.#channel);
      for (const text of await reader.hvals(this.#hash)) handler(jsonOf(text));
    };
    listener.on('message', (_channel: string, text: string) => handler(jsonOf(text)));
    // After each connection anew: what was told meanwhile was told to nobody.
    listener.on('ready', () => void readAll().catch((error: unknown) => this.#complain(error)));
    if (listener.status === 'ready') void readAll().catch((error: unknown) => this.#complain(error));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const one of [reader, listener]) {
      this.#watching.delete(one);
      one.disconnect();
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    client?.disconnect();
    for (const one of this.#watching) one.disconnect();
  }

  async #connect(): Promise<Redis> {
    const { url, passwordFile, caFile } = this.#options;
    const password =
      passwordFile === undefined ? undefined : (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
    const options: RedisOptions = {
      ...(password === undefined ? {} : { password }),
      ...(caFile === undefined ? {} : { tls: { ca: await readFile(caFile, 'utf8') } }),
      commandTimeout: commandTimeoutMs,
      connectTimeout: commandTimeoutMs,
      maxRetriesPerRequest: 1,
      autoResubscribe: false,
      retryStrategy: (times) => Math.min(retryMs.most, retryMs.least * 2 ** Math.min(times, 10)),
    };
    const client = new Redis(url, options);
    client.on('error', (error: unknown) => this.#complain(error));
    client.on('ready', () => this.#recovered());
    return client;
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.log.warn('Redis does not answer; flow templates are shared when it does', {
      error: messageOf(error),
    });
  }

  #recovered(): void {
    if (this.#complained) this.#options.log.info('Redis answers again');
    this.#complained = false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
