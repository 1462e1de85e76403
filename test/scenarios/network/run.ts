import { type NodeName, nodeNames } from '../../../tools/pair/src/layout.ts';
import { eventually } from '../../parts/eventually.ts';
import { type GrantWatch, monotonicMs, overlapsOf, spansOf } from '../grant-watch.ts';
import { whatIsAmiss } from '../running-pair.ts';
import { ClientView } from './client.ts';
import { faultText, mayLoseTelemetry, mayMoveRoles } from './faults.ts';
import { journalOf, judgeJournal, judgeTransitions, shownHistory } from './history.ts';
import { inflict } from './inflict.ts';
import { type Lapse, lapsesOf } from './lapses.ts';
import { NetworkPair, type Profile } from './pair.ts';
import { judgeRecords, settlingMs, storedQuery, type Stored, type Trouble } from './records.ts';
import type { RunReport } from './report.ts';
import type { Episode } from './schedule.ts';
import { judgeLateAnswers, judgeRivalries, longestWithoutGrantMs, rivalriesOf, silencesOf } from './virtual-address.ts';

/**
 * How soon after the last fault is mended one node must be active and the other its standby, with everything well: a node
 * that starts anew, its services' longest back-off and the store's own recovery, on a machine with other work.
 */
export const wholeWithinMs = 90_000;

/** Whoever waits that long wants to know for what. */
const tellingMs = 8000;

interface Whole {
  active: NodeName;
  epoch: number;
}

/** A pair, a client, and everything that is remembered of what they did to each other. */
export class ChaosRun {
  readonly pair: NetworkPair;
  readonly violations: string[] = [];
  readonly #client: ClientView;
  readonly #grants: GrantWatch;
  readonly #macs: Map<string, string>;
  readonly #tell: (line: string) => void;
  readonly #startedMs = monotonicMs();
  readonly #troubles: Trouble[] = [];
  readonly #count = { episodes: 0, faults: 0, moved: 0, switchovers: 0, falseTakeOvers: 0, longestMendMs: 0 };
  #whole: Whole = { active: 'a', epoch: 0 };
  /** When it was whole for the first time: what was sent before had nobody to go to. */
  #beganMs = Infinity;
  #broken = false;
  /** What was in the way of a whole pair when it was looked at last. */
  #amiss = '';

  private constructor(
    pair: NetworkPair,
    parts: { client: ClientView; grants: GrantWatch; macs: Map<string, string> },
    tell: (line: string) => void,
  ) {
    this.pair = pair;
    this.#client = parts.client;
    this.#grants = parts.grants;
    this.#macs = parts.macs;
    this.#tell = tell;
  }

  /** Resolves when the pair is whole. `tell` gets the timeline. */
  static async begin(profile: Profile, tell: (line: string) => void): Promise<ChaosRun> {
    const pair = await NetworkPair.start(profile);
    try {
      const macs = new Map<string, string>();
      for (const node of nodeNames) macs.set(await pair.lan.mac(node), node);
      const parts = { client: new ClientView(pair), grants: await pair.watchGrants(), macs };
      const run = new ChaosRun(pair, parts, tell);
      run.#whole = await run.#becomeWhole();
      run.#beganMs = monotonicMs();
      run.#say(`whole: ${run.#whole.active} is active, epoch ${run.#whole.epoch}`);
      if (!pair.clocks.available) run.#say('libfaketime is not installed: the clocks are left alone');
      return run;
    } catch (error) {
      await pair.close(false).catch(() => {});
      throw error;
    }
  }

  get elapsedMs(): number {
    return monotonicMs() - this.#startedMs;
  }

  /** Hurts the pair, mends it, waits until it is whole, looks at what must not happen. False: it stays broken. */
  async episode({ planned }: Episode): Promise<boolean> {
    if (this.#broken) return false;
    const number = ++this.#count.episodes;
    // Long enough that some telemetry is outside of every trouble.
    await pause(2 * settlingMs + 400);
    await this.#lookAtQuiet();
    const before = this.#whole;
    const what = planned.map(({ fault }) => faultText(fault)).join('; ');
    const trouble: Trouble = { what, fromMs: monotonicMs(), toMs: Infinity, lossAllowed: true };
    this.#troubles.push(trouble);
    await Promise.all(
      planned.map(async ({ afterMs, fault }) => {
        await pause(afterMs);
        this.#say(`#${number} ${faultText(fault)} (${before.active} was active)`);
        this.#count.faults++;
        const said = await inflict(this.pair, before.active, fault);
        if (said !== null) this.#say(`#${number} ${said}`);
      }),
    );
    await this.pair.mendAll();
    const mendedMs = monotonicMs();
    try {
      this.#whole = await this.#becomeWhole();
    } catch (error) {
      this.#violate(`#${number} (${what}): ${String(error)}`);
      this.#broken = true;
      return false;
    }
    trouble.toMs = monotonicMs();
    const mendMs = trouble.toMs - mendedMs;
    this.#count.longestMendMs = Math.max(this.#count.longestMendMs, mendMs);
    const moved = this.#whole.epoch !== before.epoch;
    const faults = planned.map(({ fault }) => fault);
    // Two that each take one voter away may together take two.
    const mayMove = faults.length > 1 || faults.some(mayMoveRoles);
    trouble.lossAllowed = moved || faults.some(mayLoseTelemetry);
    if (moved) this.#count.moved++;
    const isFalse = moved && !mayMove && !(await this.#wasHandedOver(this.#whole.epoch));
    if (isFalse) this.#count.falseTakeOvers++;
    if (faults.some((fault) => fault.do === 'switchover')) this.#count.switchovers++;
    const { active, epoch } = this.#whole;
    const verdict = isFalse ? ', a false take-over' : '';
    this.#say(`#${number} whole ${(mendMs / 1000).toFixed(1)} s later: ${active} is active, epoch ${epoch}${verdict}`);
    if (mendMs > tellingMs) this.#say(`#${number} it waited for this in the end: ${this.#amiss}`);
    if (epoch < before.epoch) this.#violate(`#${number}: the epoch went back from ${before.epoch} to ${epoch}`);
    this.#lookAtRights();
    return true;
  }

  /** The last look at everything, with the nodes stopped; nothing is left running. */
  async end(): Promise<RunReport> {
    try {
      await pause(2 * settlingMs);
      await this.#lookAtQuiet();
      this.#client.stopSending();
      const records = await this.#lookAtRecords();
      const shown = await shownHistory(this.pair, this.#whole.active);
      for (const fault of judgeTransitions(shown)) this.#violate(fault);
      const seconds = this.elapsedMs / 1000;
      await this.pair.stopNodes(this.#whole.active);
      for (const node of nodeNames) {
        const journal = journalOf(this.pair.nodeFolders(node).data);
        const stored = await shownHistory(this.pair, node);
        for (const fault of judgeJournal(node, journal, stored)) this.#violate(fault);
      }
      const answers = this.#client.answers();
      const spans = this.#spans();
      const rivalries = rivalriesOf(answers);
      for (const fault of judgeRivalries(rivalries, this.#startedMs)) this.#violate(fault);
      const lateMs = longestWithoutGrantMs(answers, spans, this.#macs);
      for (const fault of judgeLateAnswers(lateMs, this.pair.timing.leaseTtlMs)) this.#violate(fault);
      if (answers.length < 20 * seconds)
        this.#violate(`only ${answers.length} answers to ARP in ${seconds.toFixed(0)} s`);
      return {
        ...this.#count,
        seconds,
        reigns: spans.length,
        grants: this.#grants.seen.length,
        answers: answers.length,
        rivalries: rivalries.map(({ fromMs, toMs }) => toMs - fromMs),
        longestWithoutGrantMs: lateMs,
        transitions: shown.length,
        records,
        violations: this.violations,
      };
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#grants.close();
    await this.pair.close(this.violations.length === 0);
  }

  #say(line: string): void {
    this.#tell(`${(this.elapsedMs / 1000).toFixed(1).padStart(7)} s  ${line}`);
  }

  #violate(sentence: string): void {
    if (this.violations.includes(sentence)) return;
    this.violations.push(sentence);
    this.#say(`VIOLATION: ${sentence}`);
  }

  #becomeWhole(): Promise<Whole> {
    const sinceMs = performance.now();
    return eventually(
      async () => {
        await pause(100);
        const views = await Promise.all(nodeNames.map((node) => this.pair.status(node)));
        const amiss = views.flatMap((view) => whatIsAmiss(view, performance.now() - sinceMs));
        const [one, other] = views.map((view) => view.active?.name);
        if (one !== other) amiss.push(`one console says that ${one} is active, the other ${other}`);
        const owners = this.#client.recentOwners().map((mac) => this.#macs.get(mac) ?? mac);
        if (owners.join() !== one) amiss.push(`the virtual IP is answered for by ${owners.join(' and ') || 'nobody'}`);
        if (amiss.length > 0) {
          this.#amiss = [...new Set(amiss)].join('; ');
          throw new Error(this.#amiss);
        }
        const epochs = views.map((view) => view.epoch ?? 0);
        if (epochs[0] !== epochs[1]) throw new Error(`the consoles know epochs ${epochs.join(' and ')}`);
        return { active: one as NodeName, epoch: epochs[0] ?? 0 };
      },
      wholeWithinMs,
      'one active and its standby, all well, one owner of the virtual IP',
    );
  }

  /** An active may hand over for its own reasons, such as a service that fails again and again: that is no take-over. */
  async #wasHandedOver(epoch: number): Promise<boolean> {
    const claims = () =>
      this.pair.sql<{ rule: string }>("select rule from transition where to_role = 'active' and epoch = $1", [epoch]);
    const rows = await eventually(async () => ((await claims()).length > 0 ? claims() : null), 10_000).catch(() => []);
    return rows.some(({ rule }) => rule === 'claim-handed-over');
  }

  /** Nothing is broken: whoever was active still is. */
  async #lookAtQuiet(): Promise<void> {
    const now = await this.#becomeWhole();
    if (now.epoch !== this.#whole.epoch) {
      const handedOver = await this.#wasHandedOver(now.epoch);
      if (!handedOver) this.#count.falseTakeOvers++;
      this.#say(
        `${handedOver ? 'a hand-over' : 'a false take-over'} in quiet times: ${now.active} is active, epoch ${now.epoch}`,
      );
      this.#troubles.push({
        what: 'a move of the roles in quiet times',
        fromMs: monotonicMs() - 10_000,
        toMs: monotonicMs(),
        lossAllowed: true,
      });
    }
    this.#whole = now;
  }

  #spans(): ReturnType<typeof spansOf> {
    try {
      return spansOf(this.#grants.seen, this.pair.timing.leaseTtlMs);
    } catch (error) {
      this.#violate(String(error));
      return [];
    }
  }

  #lapses(): Lapse[] {
    const { leaseTtlMs, fenceLeadMs } = this.pair.timing;
    return [...lapsesOf(this.#grants.seen, leaseTtlMs, fenceLeadMs), ...silencesOf(this.#client.answers())];
  }

  #lookAtRights(): void {
    for (const overlap of overlapsOf(this.#spans())) this.#violate(`two at once: ${overlap}`);
  }

  async #lookAtRecords(): Promise<ReturnType<typeof judgeRecords>> {
    const judge = async () =>
      judgeRecords(
        this.#client.sent().filter(({ atMs }) => atMs >= this.#beganMs),
        await this.pair.sql<Stored & Record<string, unknown>>(storedQuery, [this.#client.run]),
        this.#troubles,
        this.#lapses(),
      );
    // What has just come may still be on its way into the store.
    await eventually(async () => (await judge()).faults.length === 0, 30_000).catch(() => {});
    const judged = await judge();
    for (const fault of judged.faults) this.#violate(fault);
    return judged;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
