import { readDnsServer, type DnsServerAddress } from '@hotstandby/config';
import { CodedError, errorCodes } from '@hotstandby/contracts';
import type { NameChange, NameServers, NameView } from '@hotstandby/ports';
import { findNsupdate } from './find-nsupdate.ts';
import { checkKeyFile, type TsigKey } from './key-file.ts';
import { lookUp } from './look-up.ts';
import { ReadyNsupdate } from './ready-nsupdate.ts';
import { runShowing, serverTimeMs } from './server-clock.ts';
import { updateFault } from './update-fault.ts';
import { rehearsalScript, updateScript, type UpdateTarget } from './update-script.ts';

const lookTimeoutMs = 1000;
const updateTimeoutSeconds = 2;
/** nsupdate's own time-out does not cover everything that it may wait for. */
const killAfterMs = 3000;

export interface BindDnsOptions {
  name: string;
  zone: string;
  /** `192.0.2.53:53`, the primary first. */
  servers: string[];
  tsig: TsigKey;
}

/** BIND and what behaves like it: updates by RFC 2136, signed with TSIG (RFC 8945) by `nsupdate`. Inert until first use. */
export class BindDns implements NameServers {
  readonly servers: readonly string[];
  readonly #options: BindDnsOptions;
  #nsupdate: ReadyNsupdate | null = null;
  #closed = false;

  constructor(options: BindDnsOptions) {
    this.#options = options;
    this.servers = options.servers;
  }

  async unable(): Promise<{ code: string; message: string; cure: string } | null> {
    try {
      await checkKeyFile(this.#options.tsig);
      await this.#tool();
      return null;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { code: error.code, message: error.message, cure: errorCodes[error.code][1] };
    }
  }

  look(server: string): Promise<NameView> {
    return lookUp(at(server), this.#options.name, lookTimeoutMs);
  }

  update(change: NameChange): Promise<void> {
    return this.#send((target) => updateScript(target, change));
  }

  async rehearse(): Promise<void> {
    await this.#send(rehearsalScript).catch((error: unknown) => {
      // As it has to be: only the prerequisites were in the way.
      if (!(error instanceof CodedError) || error.code !== 'HS_DNS_CHANGED') throw error;
    });
  }

  async clockAheadMs(): Promise<number | null> {
    const { name, zone, servers, tsig } = this.#options;
    const [primary = ''] = servers;
    await checkKeyFile(tsig);
    const path = await findNsupdate();
    if (!path) throw new CodedError('HS_DNS_TOOL', 'nsupdate (bind9-dnsutils) is not found');
    const limits = { keyFile: tsig.keyFile, timeoutSeconds: updateTimeoutSeconds, limitMs: killAfterMs };
    const script = rehearsalScript({ server: at(primary), name, zone });
    const { exitCode, stderr } = await runShowing(path, limits, script);
    const timeMs = serverTimeMs(stderr);
    // The server says the second that has begun: half a second is the best guess.
    if (timeMs !== null) return timeMs + 500 - Date.now();
    if (exitCode === null) throw new CodedError('HS_DNS_TIMEOUT', `${primary}: no answer`);
    const fault = updateFault(primary, stderr);
    if (exitCode === 0 || fault.code === 'HS_DNS_CHANGED') return null;
    throw fault;
  }

  async #send(scriptFor: (target: UpdateTarget) => string): Promise<void> {
    const { name, zone, servers, tsig } = this.#options;
    const [primary = ''] = servers;
    const nsupdate = await this.#tool();
    const script = scriptFor({ server: at(primary), name, zone });
    const { exitCode, stderr } = await nsupdate.run(script, killAfterMs);
    if (exitCode === 0) return;
    const fault =
      exitCode === null ? new CodedError('HS_DNS_TIMEOUT', `${primary}: no answer`) : updateFault(primary, stderr);
    if (fault.code !== 'HS_DNS_CHANGED') {
      nsupdate.forget();
      await checkKeyFile(tsig);
    }
    throw fault;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#nsupdate?.close();
  }

  async #tool(): Promise<ReadyNsupdate> {
    if (this.#nsupdate) return this.#nsupdate;
    const path = await findNsupdate();
    if (!path || this.#closed) throw new CodedError('HS_DNS_TOOL', 'nsupdate (bind9-dnsutils) is not found');
    this.#nsupdate ??= new ReadyNsupdate(path, this.#options.tsig.keyFile, updateTimeoutSeconds);
    return this.#nsupdate;
  }
}

function at(server: string): DnsServerAddress {
  const address = readDnsServer(server);
  if (!address) throw new CodedError('HS_DNS_FAILED', `${server} is no address of a server`);
  return address;
}
