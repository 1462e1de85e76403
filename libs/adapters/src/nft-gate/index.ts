import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodedError, errorCodes } from '@hotstandby/contracts';
import type { AddressGate, Clock, GateAnswer } from '@hotstandby/ports';
import { NftProcess } from './nft-process.ts';
import {
  establishing,
  hushing,
  listing,
  opening,
  removing,
  renewing,
  ruleCount,
  shutting,
  stateOf,
  type GateNames,
} from './ruleset.ts';

/** nft answers within a millisecond; one that does not is killed, so that its line cannot take effect later. */
const answerLimitMs = 500;
/** The kernel counts in ticks of up to 10 ms and rounds down; to 0, which would mean for ever. */
const shortestMs = 10;

/** The kernel's grant by nftables: sets whose elements time out. One long-lived `nft -i`, no process per renewal. */
export class NftGate implements AddressGate {
  readonly #names: GateNames;
  readonly #clock: Clock;
  #addresses: string[] = [];
  #process: NftProcess | null = null;

  /** Inert until first use. */
  constructor(parts: { place: GateNames; clock: Clock }) {
    this.#names = parts.place;
    this.#clock = parts.clock;
  }

  async unable(): Promise<{ code: string; message: string; cure: string } | null> {
    const path = await findNft();
    if (!path) return fault('the program nft (nftables) is not found');
    this.#process ??= new NftProcess(path, answerLimitMs);
    try {
      const said = await this.#process.run(() => 'list tables arp');
      return said?.includes('Error')
        ? fault(`the kernel does not let this process use nftables: ${firstLine(said)}`)
        : null;
    } catch (error) {
      return fault(error instanceof Error ? error.message : String(error));
    }
  }

  async establish(addresses: string[], openUntilMs: number | null = null): Promise<void> {
    const said = await this.#say(() => {
      this.#addresses = addresses;
      const rules = establishing(this.#names, addresses);
      const timeoutMs = openUntilMs === null ? 0 : Math.floor(openUntilMs - this.#clock.monotonicMs());
      return timeoutMs < shortestMs ? rules : `${rules}; ${opening(this.#names, addresses, timeoutMs)}`;
    });
    if (said !== '') throw new CodedError('HS_BINDING_GATE', `nft refused the rules: ${firstLine(said)}`);
  }

  open(untilMs: number): Promise<GateAnswer> {
    return this.#change(untilMs, opening);
  }

  renew(untilMs: number): Promise<GateAnswer> {
    return this.#change(untilMs, renewing);
  }

  hush(acceptUntilMs: number): Promise<GateAnswer> {
    return this.#change(acceptUntilMs, hushing);
  }

  async shut(): Promise<void> {
    // What is said of sets that are not there any more does not matter: the caller takes the address off besides.
    await this.#say(() => shutting(this.#names, this.#addresses));
  }

  /**
   * What the kernel does now, whoever told it: for looking only. `absent`: the rules are not there, because the service does
   * not run. Throws HS_BINDING_GATE when nft cannot be asked.
   */
  async state(): Promise<'open' | 'hushed' | 'shut' | 'absent'> {
    return stateOf(await this.#say(() => listing(this.#names)));
  }

  /** Ends the process without a change in the kernel: for who only looked. */
  async leave(): Promise<void> {
    await this.#process?.close();
    this.#process = null;
  }

  async intact(): Promise<boolean> {
    const said = await this.#say(() => listing(this.#names));
    return said.match(/ drop$/gm)?.length === ruleCount(this.#addresses);
  }

  async close(): Promise<void> {
    await this.#process?.run(() => removing(this.#names)).catch(() => {});
    await this.#process?.close();
    this.#process = null;
  }

  /** The process that holds the kernel to its word. For tests. */
  pid(): number | null {
    return this.#process?.pid() ?? null;
  }

  async #change(
    untilMs: number,
    line: (names: GateNames, addresses: string[], timeoutMs: number) => string,
  ): Promise<GateAnswer> {
    const said = await this.#run(() => {
      const timeoutMs = Math.floor(untilMs - this.#clock.monotonicMs());
      return timeoutMs < shortestMs ? null : line(this.#names, this.#addresses, timeoutMs);
    });
    return said === '' ? 'done' : 'refused';
  }

  async #say(line: () => string): Promise<string> {
    return (await this.#run(line)) ?? '';
  }

  async #run(line: () => string | null): Promise<string | null> {
    const path = this.#process ? null : await findNft();
    if (path) this.#process ??= new NftProcess(path, answerLimitMs);
    if (!this.#process) throw new CodedError('HS_BINDING_GATE', 'the program nft (nftables) is not found');
    return this.#process.run(line);
  }
}

async function findNft(): Promise<string | null> {
  const given = [process.env['HOTSTANDBY_PATH'], process.env['PATH']].flatMap((path) => path?.split(delimiter) ?? []);
  for (const folder of [...given.filter((one) => one !== ''), '/usr/sbin', '/sbin']) {
    const path = join(folder, 'nft');
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

const firstLine = (said: string): string => said.split('\n')[0]?.replace(/^Error: /, '') ?? '';

const fault = (message: string) => ({ code: 'HS_BINDING_GATE', message, cure: errorCodes.HS_BINDING_GATE[1] });
