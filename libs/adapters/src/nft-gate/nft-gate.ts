import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodedError, errorCodes } from '@hotstandby/contracts';
import type { AddressGate, Clock, GateAnswer } from '@hotstandby/ports';
import type { KernelSocket } from './kernel-socket.ts';
import { NetlinkWay } from './netlink-way.ts';
import { NftProcess } from './nft-process.ts';
import { establishing, listing, removing, ruleCount, stateOf, type GateNames } from './ruleset.ts';
import { asLine, hushing, opening, renewing, shutting, type SetChange } from './set-changes.ts';

/** nft answers within a millisecond; one that does not is killed, so that its line cannot take effect later. */
const answerLimitMs = 500;
/** The kernel counts in ticks of up to 10 ms and rounds down; to 0, which would mean for ever. */
const shortestMs = 10;
/** The kernel counts a time-out from when it is told. What took longer than this from the reckoning to there is told anew. */
const lateMs = 2;

type Changes = (names: GateNames, addresses: string[], timeoutMs: number) => SetChange[];

/**
 * The kernel's grant by nftables: sets whose elements time out. The rules are made, listed and taken away by one long-lived `nft -i`;
 * what happens at each beat is told by netlink, or, without a socket, by that same process. No process per renewal.
 */
export class NftGate implements AddressGate {
  readonly #names: GateNames;
  readonly #clock: Clock;
  #addresses: string[] = [];
  readonly #netlink: NetlinkWay | null;
  readonly #note: string | null;
  #process: NftProcess | null = null;
  /** Changes by netlink wait for rules that are being made. */
  #rebuilt: Promise<unknown> = Promise.resolve();

  /** Inert until first use. `note`: why there is no socket. */
  constructor(parts: { place: GateNames; clock: Clock; socket?: KernelSocket; note?: string }) {
    this.#names = parts.place;
    this.#clock = parts.clock;
    this.#netlink = parts.socket ? new NetlinkWay(parts.socket) : null;
    this.#note = parts.note ?? null;
  }

  means(): { name: string; note: string | null } {
    return { name: this.#netlink ? 'netlink' : 'nft', note: this.#note };
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
    const saying = this.#say(() => {
      this.#addresses = addresses;
      const rules = establishing(this.#names, addresses);
      const timeoutMs = openUntilMs === null ? 0 : this.#leftMs(openUntilMs);
      return timeoutMs < shortestMs ? rules : `${rules}; ${asLine(opening(this.#names, addresses, timeoutMs))}`;
    });
    this.#rebuilt = saying.catch(() => {});
    const said = await saying;
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
    if (!this.#netlink) return void (await this.#say(() => asLine(shutting(this.#names, this.#addresses))));
    await this.#rebuilt;
    this.#netlink.tell(shutting(this.#names, this.#addresses));
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
    this.#netlink?.close();
    await this.#process?.run(() => removing(this.#names)).catch(() => {});
    await this.#process?.close();
    this.#process = null;
  }

  /** The process that holds the kernel to its word. For tests. */
  pid(): number | null {
    return this.#process?.pid() ?? null;
  }

  async #change(untilMs: number, changes: Changes): Promise<GateAnswer> {
    if (this.#netlink) {
      await this.#rebuilt;
      return this.#tell(this.#netlink, untilMs, changes);
    }
    const said = await this.#run(() => {
      const timeoutMs = this.#leftMs(untilMs);
      return timeoutMs < shortestMs ? null : asLine(changes(this.#names, this.#addresses, timeoutMs));
    });
    return said === '' ? 'done' : 'refused';
  }

  /**
   * A process that is frozen, or a kernel that is busy with the rules of others, between the reckoning and the change makes the grant
   * in the kernel longer by as much. That is mended as soon as it is known: here, at once.
   */
  #tell(netlink: NetlinkWay, untilMs: number, changes: Changes): GateAnswer {
    const names = this.#names;
    const reckonedMs = this.#clock.monotonicMs();
    const timeoutMs = Math.floor(untilMs - reckonedMs);
    if (timeoutMs < shortestMs) return 'refused';
    const answer = netlink.tell(changes(names, this.#addresses, timeoutMs));
    if (answer === 'refused' || changes === hushing) return answer;
    if (this.#clock.monotonicMs() - reckonedMs < lateMs) return answer;
    const again = this.#tell(netlink, untilMs, renewing);
    if (again === 'refused') netlink.tell(shutting(names, this.#addresses));
    return again;
  }

  #leftMs(untilMs: number): number {
    return Math.floor(untilMs - this.#clock.monotonicMs());
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
