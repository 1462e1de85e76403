import { readDnsServer, type DnsServerAddress } from '@hotstandby/config';
import { CodedError, errorCodes } from '@hotstandby/contracts';
import type { NameChange, NameServers, NameView } from '@hotstandby/ports';
import { findProgram } from './find-program.ts';
import type { KerberosLogin } from './kerberos-login.ts';
import { KerberosSigner } from './kerberos-signer.ts';
import type { TsigKey } from './key-file.ts';
import { lookUp } from './look-up.ts';
import { ReadyNsupdate } from './ready-nsupdate.ts';
import { TsigSigner, type Signer } from './signer.ts';
import { runShowing, serverTimeMs } from './server-clock.ts';
import { updateFault } from './update-fault.ts';
import { rehearsalScript, updateScript, type UpdateTarget } from './update-script.ts';

const lookTimeoutMs = 1000;

export interface BindDnsOptions {
  name: string;
  zone: string;
  /** `192.0.2.53:53`, the primary first. */
  servers: string[];
  /** One of the two: a shared secret (BIND and its like), or an account (Microsoft DNS and its like). */
  tsig?: TsigKey | undefined;
  kerberos?: KerberosLogin | undefined;
}

/**
 * Updates by RFC 2136 with `nsupdate`, signed with TSIG (RFC 8945) or GSS-TSIG (RFC 3645). Inert until first use.
 */
export class BindDns implements NameServers {
  readonly servers: readonly string[];
  readonly #options: BindDnsOptions;
  readonly #signer: Signer;
  #nsupdate: ReadyNsupdate | null = null;
  #closed = false;

  constructor(options: BindDnsOptions) {
    this.#options = options;
    this.servers = options.servers;
    const { tsig, kerberos } = options;
    if (kerberos) this.#signer = new KerberosSigner(kerberos);
    else if (tsig) this.#signer = new TsigSigner(tsig);
    else throw new CodedError('HS_CONFIG_INVALID', 'binding has neither tsig nor kerberos');
  }

  async unable(): Promise<{ code: string; message: string; cure: string } | null> {
    try {
      await this.#signer.check();
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
      // As it has to be: only the prerequisites were in the way. Of Samba nothing more can be known than that it answers.
      const isFine =
        error instanceof CodedError && (error.code === 'HS_DNS_CHANGED' || error.code === 'HS_DNS_UNVERIFIED');
      if (!isFine) throw error;
    });
    await this.#signer.foresee();
  }

  async clockAheadMs(): Promise<number | null> {
    const { name, zone, servers } = this.#options;
    const [primary = ''] = servers;
    await this.#signer.check();
    await this.#signer.prepare();
    const path = await findProgram('nsupdate');
    if (!path) throw new CodedError('HS_DNS_TOOL', 'nsupdate (bind9-dnsutils) is not found');
    const script = rehearsalScript({ server: at(primary), name, zone, preamble: this.#signer.preamble });
    const { exitCode, stderr } = await runShowing(path, this.#signer, script);
    const timeMs = serverTimeMs(stderr);
    // The server says the second that has begun: half a second is the best guess.
    if (timeMs !== null) return timeMs + 500 - Date.now();
    if (exitCode === null) throw new CodedError('HS_DNS_TIMEOUT', `${primary}: no answer`);
    const fault = updateFault(primary, stderr);
    if (exitCode === 0 || fault.code === 'HS_DNS_CHANGED' || fault.code === 'HS_DNS_UNVERIFIED') return null;
    throw fault;
  }

  async #send(scriptFor: (target: UpdateTarget) => string): Promise<void> {
    const { name, zone, servers } = this.#options;
    const [primary = ''] = servers;
    const nsupdate = await this.#tool();
    await this.#signer.prepare();
    const script = scriptFor({ server: at(primary), name, zone, preamble: this.#signer.preamble });
    const { exitCode, stderr } = await nsupdate.run(script, this.#signer.limitMs);
    if (exitCode === 0) return;
    const fault =
      exitCode === null ? new CodedError('HS_DNS_TIMEOUT', `${primary}: no answer`) : updateFault(primary, stderr);
    if (fault.code === 'HS_DNS_CHANGED') throw fault;
    if (fault.code !== 'HS_DNS_UNVERIFIED') {
      nsupdate.forget();
      // A ticket for the server's old key, or an expired one: the next attempt gets new ones.
      if (fault.code === 'HS_DNS_TICKET') this.#signer.forget();
      await this.#signer.check();
    }
    throw (await this.#ownedByAnother(fault, stderr)) ?? fault;
  }

  /**
   * In a secure zone a record belongs to the account that made it, and others are refused: by REFUSED, or by SERVFAIL of
   * Samba. That is told apart from an account that may change nothing by whether there are records.
   */
  async #ownedByAnother(fault: CodedError, stderr: string): Promise<CodedError | null> {
    const isRefusal = fault.code === 'HS_DNS_REFUSED' || /update failed: SERVFAIL/.test(stderr);
    const { kerberos, servers } = this.#options;
    const [primary = ''] = servers;
    if (!isRefusal || !kerberos) return null;
    const view = await this.look(primary).catch(() => null);
    if (!view || (view.markers.length === 0 && view.addresses.length === 0)) return null;
    const rcode = fault.code === 'HS_DNS_REFUSED' ? 'REFUSED' : 'SERVFAIL';
    const message = `${primary}: the server does not let ${kerberos.principal} change the records that are there (${rcode})`;
    return new CodedError('HS_DNS_OWNER', message, { cause: fault });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#nsupdate?.close();
    await this.#signer.close();
  }

  async #tool(): Promise<ReadyNsupdate> {
    if (this.#nsupdate) return this.#nsupdate;
    const path = await findProgram('nsupdate');
    if (!path || this.#closed) throw new CodedError('HS_DNS_TOOL', 'nsupdate (bind9-dnsutils) is not found');
    this.#nsupdate ??= new ReadyNsupdate(path, this.#signer);
    return this.#nsupdate;
  }
}

function at(server: string): DnsServerAddress {
  const address = readDnsServer(server);
  if (!address) throw new CodedError('HS_DNS_FAILED', `${server} is no address of a server`);
  return address;
}
