import { mkdtempSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import { findProgram } from './find-program.ts';
import { kerberosConfiguration, readLogin, realmOf, type KerberosLogin } from './kerberos-login.ts';
import { kinitFault, runProgram, ticketLifeMs } from './kinit.ts';
import type { Signer } from './signer.ts';

/** Of one kinit: with several KDCs the library asks the next one after a second. */
const loginTimeoutMs = 5000;
/** When `klist` says nothing that is understood. */
const presumedLifeMs = 600_000;
const retryRenewalMs = 60_000;
/** Node's timers take no longer times. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * GSS-TSIG (RFC 3645) by a Kerberos account: tickets come from `kinit`, in a cache of this process alone, and are renewed
 * when half of their life is over. `nsupdate -g` negotiates the signature's key (TKEY, RFC 2930) with them.
 */
export class KerberosSigner implements Signer {
  readonly args = ['-g'];
  readonly preamble: readonly string[];
  /** With a ticket for the server from the second KDC, when the first one is silent. */
  readonly limitMs = 4000;
  readonly #login: KerberosLogin;
  readonly #stop = new AbortController();
  #folder: string | null = null;
  #isConfigured = false;
  /** Monotonic. */
  #validUntilMs = -Infinity;
  #acquiring: Promise<void> | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #renewalFault: CodedError | null = null;

  constructor(login: KerberosLogin) {
    this.#login = login;
    this.preamble = [`realm ${realmOf(login)}`];
  }

  get environment(): Record<string, string> {
    const own = { KRB5CCNAME: `FILE:${this.#at('tickets')}` };
    const given = process.env['KRB5_CONFIG'];
    if (this.#login.kdcs.length > 0) return { ...own, KRB5_CONFIG: this.#at('krb5.conf') };
    return given === undefined ? own : { ...own, KRB5_CONFIG: given };
  }

  async check(): Promise<void> {
    await this.#kinit();
    // A ticket that is still good needs no password.
    if (!this.#isValid()) await readLogin(this.#login);
  }

  async prepare(): Promise<void> {
    if (!this.#isValid()) await this.#acquire();
  }

  async foresee(): Promise<void> {
    await readLogin(this.#login);
    if (this.#renewalFault) throw this.#renewalFault;
  }

  forget(): void {
    this.#validUntilMs = -Infinity;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#renewal) clearTimeout(this.#renewal);
    await this.#acquiring?.catch(() => {});
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  #isValid(): boolean {
    return performance.now() < this.#validUntilMs;
  }

  /** In a folder that nobody else may enter. */
  #at(file: string): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'hotstandby-dns-'));
    return join(this.#folder, file);
  }

  async #kinit(): Promise<string> {
    const path = await findProgram('kinit');
    if (!path) throw new CodedError('HS_DNS_TOOL', 'kinit (krb5-user) is not found');
    return path;
  }

  #acquire(): Promise<void> {
    this.#acquiring ??= this.#logIn().finally(() => (this.#acquiring = null));
    return this.#acquiring;
  }

  async #logIn(): Promise<void> {
    const { principal, keytabFile } = this.#login;
    const kinit = await this.#kinit();
    const password = await readLogin(this.#login);
    await this.#configure();
    const fresh = this.#at('tickets.new');
    const keytab = keytabFile === undefined ? [] : ['-k', '-t', keytabFile];
    const begunAtMs = performance.now();
    const result = await this.#run(kinit, ['-c', `FILE:${fresh}`, ...keytab, principal], `${password ?? ''}\n`);
    if (result.exitCode === null) throw new CodedError('HS_DNS_KDC', `KDC of ${realmOf(this.#login)}: no answer`);
    if (result.exitCode !== 0) throw kinitFault(realmOf(this.#login), result.stderr);
    const klist = await findProgram('klist');
    const listing = klist ? (await this.#run(klist, ['-c', `FILE:${fresh}`], '')).stdout : '';
    if (this.#stop.signal.aborted) return;
    // In one step: an nsupdate finds the old tickets or the new ones.
    await rename(fresh, this.#at('tickets'));
    const lifeMs = ticketLifeMs(listing) ?? presumedLifeMs;
    this.#validUntilMs = begunAtMs + lifeMs;
    this.#renewalFault = null;
    this.#renewIn(lifeMs / 2);
  }

  async #configure(): Promise<void> {
    const text = kerberosConfiguration(this.#login);
    if (text === null || this.#isConfigured) return;
    await writeFile(this.#at('krb5.conf'), text, { mode: 0o600 });
    this.#isConfigured = true;
  }

  #run(path: string, args: string[], input: string) {
    const env = { ...this.environment, LC_ALL: 'C', TZ: 'UTC' };
    return runProgram(path, args, { input, env, limitMs: loginTimeoutMs, signal: this.#stop.signal });
  }

  #renewIn(delayMs: number): void {
    if (this.#renewal) clearTimeout(this.#renewal);
    if (this.#stop.signal.aborted) return;
    this.#renewal = setTimeout(
      () => {
        this.#acquire().catch((error: unknown) => {
          this.#renewalFault = error instanceof CodedError ? error : new CodedError('HS_DNS_LOGIN', String(error));
          this.#renewIn(retryRenewalMs);
        });
      },
      Math.min(delayMs, longestTimerMs),
    );
    this.#renewal.unref();
  }
}
