import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type pg from 'pg';
import { makeReport, type Fates, type Sent } from '../report.ts';
import {
  type Asked,
  countRows,
  databaseNow,
  readVersions,
  storedKinds,
  storedRows,
  undecodableSince,
} from '../report-query.ts';
import { sentOf } from '../sent-log.ts';
import type { Session } from '../session.ts';
import { trafficKinds } from '../traffic/generator.ts';
import { comparedWithinMs, pause, until, untilQuiet } from '../waiting.ts';
import { account, type Account } from './account.ts';
import type { KernelLooks } from './kernel-looks.ts';

export const readyWithinMs = 180_000;
const rowsWithinMs = 60_000;
const steadyMs = 2000;
const afterwardsMs = 3000;
/** With one address fed: longer than JetStream waits before it gives a message again that somebody died with. */
const quietMs = { vip: 12_000, dual: comparedWithinMs };
const backlogWithinMs = 180_000;
/** Versions 5, 9 and 10 (IPFIX). */
const flowVersions = 3;
const templatesWithinMs = 5000;
const mostBeginnings = 5;
/** Seldom: whoever takes over must know the templates from before. */
const templateEvery = 1_000_000;

/** What one of many take-overs came to. Numbers are datagrams, of all kinds. */
export interface Run extends Fates {
  asked: Asked;
  /** From the fault to the first row under the new epoch. */
  takeoverMs: number | null;
  undecodable: number;
  /** Datagrams that were really sent in a second: a sender that is not given its turn sends fewer than it was asked for. */
  perSecond: number;
  /** Datagrams that the sender's host refused to send. */
  notSent: number;
  /**
   * Sent before anybody else could have received them, and committed after the dead node had been started again: it brought them, or
   * the store was behind.
   */
  late: number;
  account: Account;
  /** When the virtual IP was there again, from the fault on; null: both nodes are fed. */
  gapMs: number | null;
  epochs: number[];
  load: number;
}

/** Kills the active under mixed telemetry, starts it again, and counts. */
export async function oneRun(session: Session, client: pg.Client, looks: KernelLooks): Promise<Run> {
  const { options, pair, watch, notice } = session;
  await until('an active node with a standby that is ready', readyWithinMs, async () => {
    await watch.look();
    return watch.ready();
  });
  const { traffic, asked } = await beginTraffic(session, client, looks);
  await pause(steadyMs);
  await watch.look();
  const active = watch.active();
  if (!active) throw new Error('nobody is active before the fault');
  let roleChangedAtMs: number | null = null;
  let boundAtMs: number | null = null;
  const forget = watch.onEvent((event, node) => {
    if (node === active) return;
    const data = event.data as { to?: string } | null;
    if (event.type === 'role.changed' && data?.to === 'active') roleChangedAtMs ??= Date.parse(event.time);
    if (event.type === 'binding.bound') boundAtMs ??= Date.parse(event.time);
  });
  const faultAtMs = Date.now();
  await pair.kill(active);
  await until('the other node to become active', readyWithinMs, () => Promise.resolve(roleChangedAtMs !== null)).catch(
    (error: Error) => notice(error.message),
  );
  await pause(afterwardsMs);
  await pair.stopTraffic();
  forget();
  const looked = await looks.end();
  // What the dead node still held comes with it: it is stored late, and a double would show.
  const restartedAtMs = Date.now();
  pair.restart();
  await until('the dead node to be back as a standby', readyWithinMs, async () => {
    await watch.look();
    return watch.ready();
  });
  const log = readFileSync(traffic.logFile, 'utf8');
  const sent = sentOf(log);
  await untilQuiet(() => countRows(client, asked), sent.length, {
    quietMs: options.vip ? quietMs.vip : quietMs.dual,
    withinMs: backlogWithinMs,
  });
  const gapEndsAtMs = options.vip ? (boundAtMs ?? roleChangedAtMs ?? Number.POSITIVE_INFINITY) : null;
  const stored = await storedRows(client, asked);
  const { kinds, takeoverMs, epochs } = makeReport({ sent, stored, faultAtMs, gapEndsAtMs: null });
  const there = new Set(stored.map(nameOf));
  const lost = sent.filter((one) => !there.has(nameOf(one)));
  // The killed node goes on receiving for the milliseconds that its end takes.
  const heldUntilMs = gapEndsAtMs ?? faultAtMs;
  const held = new Set(sent.filter(({ atMs }) => atMs < heldUntilMs).map(nameOf));
  const evidence = { lost, faultAtMs, gapEndsAtMs, killed: active, looks: looked };
  const accounted = account(evidence);
  if (lost.length > 0) writeFileSync(traffic.logFile.replace(/\.log$/, '.evidence.json'), JSON.stringify(evidence));
  const sum = (what: keyof Fates) => trafficKinds.reduce((all, kind) => all + kinds[kind][what], 0);
  const { interruption, dead, lapse } = accounted.why;
  return {
    asked,
    sent: sum('sent'),
    stored: sum('stored'),
    lost: lost.length - interruption - dead - lapse,
    lostInGap: interruption + dead + lapse,
    doubled: sum('doubled'),
    undecodable: await undecodableSince(client, asked.since ?? ''),
    perSecond: rateOf(sent),
    notSent: log.split('\n').filter((line) => line.startsWith('failed ')).length,
    late: stored.filter((row) => row.committedAtMs > restartedAtMs && held.has(nameOf(row))).length,
    account: accounted,
    gapMs: gapEndsAtMs === null ? null : gapEndsAtMs - faultAtMs,
    takeoverMs,
    epochs,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

const nameOf = ({ kind, sequence }: { kind: string; sequence: number }) => `${kind} ${sequence}`;

function rateOf(sent: readonly Sent[]): number {
  const tookMs = (sent.at(-1)?.atMs ?? 0) - (sent.at(0)?.atMs ?? 0);
  return tookMs === 0 ? 0 : Math.round((sent.length * 1000) / tookMs);
}

export const isStoringAllKinds = async (client: pg.Client, asked: Asked): Promise<boolean> =>
  (await storedKinds(client, asked)).length === trafficKinds.length;

/**
 * The templates are sent once: on a machine that stalls they may be lost before the fault, and then nothing could be read whatever a
 * take-over does. Such a beginning is said and made again.
 */
async function beginTraffic({ options, pair, notice }: Session, client: pg.Client, looks: KernelLooks) {
  for (let again = 1; ; again++) {
    const since = await databaseNow(client);
    looks.begin();
    const traffic = pair.startTraffic(options.rate, templateEvery);
    const asked = { run: traffic.run, since };
    await until('rows of every kind', rowsWithinMs, () => isStoringAllKinds(client, asked));
    const versions = async () => (await readVersions(client, asked)).length === flowVersions;
    const begun = await until('flows of every version', templatesWithinMs, versions).then(
      () => true,
      () => false,
    );
    if (begun) return { traffic, asked };
    if (again === mostBeginnings) throw new Error(`the templates were lost ${again} times before any fault`);
    notice('the templates were lost before any fault (a stall, or the address was away): beginning again');
    await pair.stopTraffic();
  }
}
