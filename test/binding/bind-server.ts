import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import path from 'node:path';
import { endChild } from '../parts/end-child.ts';

export const zone = 'example.test';
export const name = `service.${zone}`;

const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
const env = { ...process.env, PATH: folders.join(path.delimiter) };

/** Why there can be no DNS server here; null: there can. */
export function noBind(): string | null {
  for (const program of ['named', 'nsupdate']) {
    const { error } = spawnSync(program, ['-V'], { env, stdio: 'ignore', timeout: 10_000 });
    if (error) return `${program} is not installed (apt-get install bind9 bind9-dnsutils)`;
  }
  return null;
}

export interface TestKey {
  name: string;
  algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
  secret: string;
  keyFile: string;
}

/** A key in a file as `tsig-keygen` writes it. */
export function makeKey(
  folder: string,
  keyName: string,
  algorithm: TestKey['algorithm'] = 'hmac-sha256',
  file = `${keyName}.key`,
): TestKey {
  const secret = randomBytes(32).toString('base64');
  const keyFile = path.join(folder, file);
  writeFileSync(keyFile, `key "${keyName}" {\n\talgorithm ${algorithm};\n\tsecret "${secret}";\n};\n`, { mode: 0o600 });
  return { name: keyName, algorithm, secret, keyFile };
}

export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

export interface BindOptions {
  folder: string;
  port: number;
  /** Statements outside of zones: keys. */
  include?: string[];
  /** The body of the zone's statement. */
  zone: string;
  /** The zone's first contents; null: a secondary. */
  records: string | null;
  /** More statements of `options`. */
  settings?: string;
  environment?: Record<string, string>;
}

/** A real `named` on a high port of 127.0.0.1. */
export class BindServer {
  readonly address: string;
  readonly #options: BindOptions;
  #child: ChildProcess | null = null;

  constructor(options: BindOptions) {
    this.#options = options;
    this.address = `127.0.0.1:${options.port}`;
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    const options_ = `directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key"; managed-keys-directory "${folder}";
  listen-on port ${options.port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; notify-delay 0;
  ${options.settings ?? ''}`;
    const includes = (options.include ?? []).map((file) => `include "${file}";\n`).join('');
    const text = `${includes}options { ${options_} };\ncontrols { };\nzone "${zone}" { file "${folder}/zone"; ${options.zone} };\n`;
    writeFileSync(path.join(folder, 'named.conf'), text);
    if (options.records !== null) {
      const soa = `$TTL 60\n@ SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n`;
      writeFileSync(path.join(folder, 'zone'), soa + options.records);
    }
  }

  async start(): Promise<void> {
    const child = spawn('named', ['-c', path.join(this.#options.folder, 'named.conf'), '-g', '-n', '1'], {
      env: { ...env, ...this.#options.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([this.address]);
    for (const endMs = performance.now() + 30_000; performance.now() < endMs;) {
      if (child.exitCode !== null) break;
      const answers = await resolver.resolveSoa(zone).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.stop();
    throw new Error(`named does not answer: ${said}`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await endChild(child);
  }
}
