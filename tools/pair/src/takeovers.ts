import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { profiles } from '@hotstandby/config';
import type pg from 'pg';
import { connectDatabase } from './records.ts';
import { databaseNow, readVersions, storedRows, undecodableSince } from './report-query.ts';
import { makeReport, type Away, type KindReport } from './report.ts';
import { sentOf } from './sent-log.ts';
import type { Session } from './session.ts';
import { trafficKinds } from './traffic/generator.ts';
import { pause, until, untilQuiet } from './waiting.ts';

const readyWithinMs = 180_000;
const rowsWithinMs = 60_000;
const steadyMs = 2000;
const afterwardsMs = 3000;
/** Longer than JetStream waits before it gives a message again that somebody died with. */
const quietMs = 12_000;
/** The neighbours learn of the address a moment after it is there; on a busy machine it took 40 ms. */
const announcedAfterMs = 250;
/** Versions 5, 9 and 10 (IPFIX). */
const flowVersions = 3;
const templatesWithinMs = 5000;
const mostBeginnings = 5;
/** Seldom: whoever takes over must know the templates from before. */
const templateEvery = 1_000_000;

/** What one of many take-overs came to. Numbers are datagrams, of all kinds. */
interface Run extends KindReport {
  /** From the fault to the first row under the new epoch. */
  takeoverMs: number | null;
  undecodable: number;
  /** When what is lost was sent, from the fault on; null: nothing is lost. */
  lostFromMs: number | null;
  lostToMs: number | null;
  /** When the virtual IP answered again, from the fault on. */
  gapMs: number | null;
  epochs: number[];
  /** How often the address was away besides, and for how long in all: the active's lease lapsed on a machine that stalls. */
  lapses: number;
  lapsedMs: number;
  load: number;
}

/** Kills the active again and again under mixed telemetry and counts what each take-over lost, doubled or could not read. */
export async function takeovers(session: Session, runs: number): Promise<number> {
  const { options, pair, notice } = session;
  const client = await patiently(() => connectDatabase(pair.layout));
  const found: Run[] = [];
  try {
    await warmUp(session, client);
    for (let number = 1; number <= runs; number++) {
      const run = await oneRun(session, client);
      found.push(run);
      notice(`${number} of ${runs}: ${lineOf(run)}`);
    }
  } finally {
    await client.end();
  }
  const bad = found.filter((run) => run.lost + run.doubled + run.undecodable > 0);
  const feed = options.vip ? 'vip' : 'dual';
  const total = (what: keyof KindReport | 'undecodable') => found.reduce((sum, run) => sum + run[what], 0);
  const totals = {
    sent: total('sent'),
    stored: total('stored'),
    lostInGap: total('lostInGap'),
    lost: total('lost'),
    doubled: total('doubled'),
    undecodable: total('undecodable'),
  };
  const report = { feed, profile: options.profile, datagramsPerSecond: options.rate * trafficKinds.length, totals, runs: found }; // prettier-ignore
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else
    process.stdout.write(
      `\n${runs} take-overs, feed ${feed}, ${report.datagramsPerSecond} datagrams/s: sent ${totals.sent}, stored ${totals.stored}, ` +
        `lost while nobody had the address ${totals.lostInGap}, lost ${totals.lost}, doubled ${totals.doubled}, undecodable ${totals.undecodable}\n`,
    );
  for (const run of bad) notice(`NOT AS PROMISED: ${lineOf(run)}`);
  return bad.length > 0 ? 1 : 0;
}

/** A machine that is busy with the start of a pair may take longer than a connection waits. */
async function patiently<Made>(make: () => Promise<Made>): Promise<Made> {
  for (let again = 1; ; again++) {
    try {
      return await make();
    } catch (error) {
      if (again === 10) throw error;
    }
  }
}

/** When nobody had the address, as the nodes told: from a release, and as long before as a grant lives, to the next time that it is bound. */
class AddressAway {
  readonly #grantMs: number;
  readonly #lapses: Away[] = [];

  constructor(grantMs: number) {
    this.#grantMs = grantMs;
  }

  see({ type, time }: { type: string; time: string }): void {
    const atMs = Date.parse(time);
    const last = this.#lapses.at(-1);
    const isAway = last !== undefined && last.toMs === Number.POSITIVE_INFINITY;
    if (type === 'binding.released' && !isAway)
      this.#lapses.push({ fromMs: atMs - this.#grantMs, toMs: Number.POSITIVE_INFINITY });
    if (type === 'binding.bound' && isAway) last.toMs = atMs + announcedAfterMs;
  }

  lapses(): Away[] {
    return this.#lapses.map(({ fromMs, toMs }) => ({ fromMs, toMs: Math.min(toMs, Date.now()) }));
  }
}

const lineOf = (run: Run) =>
  `sent ${run.sent}, stored ${run.stored}, lost ${run.lost}, in the gap ${run.lostInGap}, doubled ${run.doubled}, ` +
  `undecodable ${run.undecodable}, ${run.takeoverMs ?? '?'} ms, ` +
  (run.lostFromMs === null ? '' : `sent ${run.lostFromMs} to ${run.lostToMs} ms after the fault, `) +
  (run.gapMs === null ? '' : `address after ${run.gapMs} ms, `) +
  (run.lapses === 0 ? '' : `lease lapsed ${run.lapses} times, ${run.lapsedMs} ms in all, `) +
  `epochs ${run.epochs.join(' ')}, load ${run.load}`;

/** What is sent before anybody has the address is lost to everybody, the templates with it: that is no take-over. */
async function warmUp({ options, pair, notice }: Session, client: pg.Client): Promise<void> {
  notice('waiting until what is sent is stored');
  const traffic = pair.startTraffic(options.rate);
  await until('rows of every kind', readyWithinMs, async () => {
    const stored = await storedRows(client, traffic.run);
    return trafficKinds.every((kind) => stored.some((row) => row.kind === kind));
  });
  await pair.stopTraffic();
}

/**
 * The templates are sent once: on a machine that stalls they may be lost before the fault, and then nothing could be read whatever a
 * take-over does. Such a beginning is said and made again.
 */
async function beginTraffic(
  options: Session['options'],
  pair: Session['pair'],
  notice: Session['notice'],
  client: pg.Client,
) {
  for (let again = 1; ; again++) {
    const since = await databaseNow(client);
    const traffic = pair.startTraffic(options.rate, templateEvery);
    await until('rows of every kind', rowsWithinMs, async () => {
      const stored = await storedRows(client, traffic.run);
      return trafficKinds.every((kind) => stored.some((row) => row.kind === kind));
    });
    const versions = async () => (await readVersions(client, traffic.run)).length === flowVersions;
    const begun = await until('flows of every version', templatesWithinMs, versions).then(
      () => true,
      () => false,
    );
    if (begun) return { traffic, since };
    if (again === mostBeginnings) throw new Error(`the templates were lost ${again} times before any fault`);
    notice('the templates were lost before any fault (a stall, or the address was away): beginning again');
    await pair.stopTraffic();
  }
}

async function oneRun({ options, pair, watch, notice }: Session, client: pg.Client): Promise<Run> {
  await until('an active node with a standby that is ready', readyWithinMs, async () => {
    await watch.look();
    return watch.ready();
  });
  const { traffic, since } = await beginTraffic(options, pair, notice, client);
  const rows = () => storedRows(client, traffic.run);
  await pause(steadyMs);
  await watch.look();
  const active = watch.active();
  if (!active) throw new Error('nobody is active before the fault');
  let roleChangedAtMs: number | null = null;
  let boundAtMs: number | null = null;
  const away = new AddressAway(profiles[options.profile].leaseTtlMs);
  const forget = watch.onEvent((event, node) => {
    away.see(event);
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
  // What the dead node still held comes with it, if it comes: a double would show.
  pair.restart();
  await until('the dead node to be back as a standby', readyWithinMs, async () => {
    await watch.look();
    return watch.ready();
  });
  const sent = sentOf(readFileSync(traffic.logFile, 'utf8'));
  await untilQuiet(async () => (await rows()).length, sent.length, quietMs);
  const boundMs = boundAtMs ?? roleChangedAtMs ?? Number.POSITIVE_INFINITY;
  const gapEndsAtMs = options.vip ? boundMs + announcedAfterMs : null;
  const stored = await rows();
  const lapses = away.lapses();
  const { kinds, takeoverMs, epochs } = makeReport({ sent, stored, faultAtMs, gapEndsAtMs, lapses });
  const there = new Set(stored.map(({ kind, sequence }) => `${kind} ${sequence}`));
  const lostAt = sent
    .filter(({ kind, sequence }) => !there.has(`${kind} ${sequence}`))
    .map(({ atMs }) => atMs - faultAtMs);
  const sum = (what: keyof KindReport) => trafficKinds.reduce((all, kind) => all + kinds[kind][what], 0);
  return {
    sent: sum('sent'),
    stored: sum('stored'),
    lost: sum('lost'),
    lostInGap: sum('lostInGap'),
    doubled: sum('doubled'),
    undecodable: await undecodableSince(client, since),
    lostFromMs: lostAt.at(0) ?? null,
    lostToMs: lostAt.at(-1) ?? null,
    gapMs: gapEndsAtMs === null ? null : gapEndsAtMs - faultAtMs,
    takeoverMs,
    epochs,
    lapses: lapses.length,
    lapsedMs: Math.round(lapses.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
