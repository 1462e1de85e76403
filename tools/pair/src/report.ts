import { type TrafficKind, trafficKinds } from './traffic/generator.ts';

/** A datagram that went to both nodes. Times are of one host's wall clock, in ms since 1970. */
export interface Sent {
  kind: TrafficKind;
  sequence: number;
  atMs: number;
}

/** A row of the database that holds one of them. */
export interface StoredRow {
  kind: TrafficKind;
  sequence: number;
  epoch: number;
  /** When its transaction was committed. */
  committedAtMs: number;
}

/** What became of datagrams. */
export interface Fates {
  sent: number;
  /** Of what was sent, how much is in the database (once or more often). */
  stored: number;
  /** Rows beyond the first of the same datagram. */
  doubled: number;
  /** Not stored, and sent while no node owned the virtual IP (or in the second before). With dual feed there is no gap. */
  lostInGap: number;
  /** All other that is not stored. */
  lost: number;
}

export interface KindReport extends Fates {
  /** When those that are lost were sent, in ms from the fault on: the first ten. */
  lostSentAfterMs: number[];
}

export interface Report {
  /** From the fault to the first row committed under the new epoch; null: there is none. */
  takeoverMs: number | null;
  /** Epochs that rows were written under, ascending. */
  epochs: number[];
  /** Take-overs that nobody asked for: what a fast profile costs on a machine that stalls. */
  falseTakeovers: number;
  kinds: Record<TrafficKind, KindReport>;
  /** Null without a virtual hostname. */
  name: NameReport | null;
}

export interface ReportInput {
  sent: Sent[];
  stored: StoredRow[];
  /** When the active was killed or frozen, or the switchover was asked for. */
  faultAtMs: number;
  /** When a virtual IP answered again, Infinity: never; null: both nodes are fed, and nothing may be lost. */
  gapEndsAtMs: number | null;
  name?: NameReport | null;
}

const beforeFaultMs = 1000;

/** What a virtual hostname did, as its DNS server showed it. */
export interface NameReport {
  name: string;
  ttlSeconds: number;
  /** Where it led when the fault came, and at last. */
  before: string | null;
  after: string | null;
  /** From the fault to the first answer that named the new address; null: there was none. */
  movedMs: number | null;
  /** From the fault to the first datagram of the sender, which keeps to the TTL, to the new address. */
  followedMs: number | null;
  /** Every other address that the name led to besides, ever: none when there was one owner at a time. */
  strange: string[];
}

/** What the database says about a take-over. */
export function makeReport({ sent, stored, faultAtMs, gapEndsAtMs, name = null }: ReportInput): Report {
  const epochs = [...new Set(stored.map((row) => row.epoch))].toSorted((a, b) => a - b);
  const oldEpoch = epochs[0] ?? 0;
  const firstNew = stored
    .filter((row) => row.epoch > oldEpoch)
    .reduce((least, row) => Math.min(least, row.committedAtMs), Number.POSITIVE_INFINITY);
  const gap = gapEndsAtMs === null ? null : { fromMs: faultAtMs - beforeFaultMs, toMs: gapEndsAtMs };
  const kinds = Object.fromEntries(
    trafficKinds.map((kind) => {
      const rows = stored.filter((row) => row.kind === kind);
      const mine = sent.filter((one) => one.kind === kind);
      return [kind, kindReport(mine, rows, gap, faultAtMs)];
    }),
  ) as Record<TrafficKind, KindReport>;
  const takeoverMs = Number.isFinite(firstNew) ? Math.round(firstNew - faultAtMs) : null;
  const falseTakeovers = Math.max(0, epochs.length - 2) + (firstNew < faultAtMs && epochs.length === 2 ? 1 : 0);
  return { takeoverMs, epochs, falseTakeovers, kinds, name };
}

function kindReport(
  sent: Sent[],
  rows: StoredRow[],
  gap: { fromMs: number; toMs: number } | null,
  faultAtMs: number,
): KindReport {
  const copies = new Map<number, number>();
  for (const { sequence } of rows) copies.set(sequence, (copies.get(sequence) ?? 0) + 1);
  const report: KindReport = { sent: sent.length, stored: 0, doubled: 0, lostInGap: 0, lost: 0, lostSentAfterMs: [] };
  for (const { sequence, atMs } of sent) {
    const count = copies.get(sequence) ?? 0;
    if (count > 0) report.stored++;
    else if (gap && atMs >= gap.fromMs && atMs <= gap.toMs) report.lostInGap++;
    else {
      report.lost++;
      if (report.lostSentAfterMs.length < 10) report.lostSentAfterMs.push(Math.round(atMs - faultAtMs));
    }
    report.doubled += Math.max(0, count - 1);
  }
  return report;
}

/** Sentences about what must not be; none when the take-over was as promised. */
export function faultsOf(report: Report): string[] {
  const faults: string[] = [];
  if (report.falseTakeovers > 0)
    faults.push(
      `${report.falseTakeovers} take-over(s) by themselves: this machine stalls for longer than the profile's lease; try again, or --profile standard`,
    );
  else if (report.epochs.length !== 2)
    faults.push(
      `rows of exactly two epochs were expected; there are ${report.epochs.length}: ${report.epochs.join(', ')}`,
    );
  if (report.takeoverMs === null) faults.push('no row was committed under a new epoch');
  for (const [kind, { sent, lost, lostSentAfterMs, doubled }] of Object.entries(report.kinds)) {
    if (sent === 0) faults.push(`no ${kind} was sent`);
    if (lost > 0) faults.push(`${lost} ${kind} lost, sent at ${lostSentAfterMs.join(', ')} ms from the fault on`);
    if (doubled > 0) faults.push(`${doubled} ${kind} stored twice`);
  }
  if (report.name) {
    const { name, before, after, movedMs, strange } = report.name;
    if (movedMs === null || before === after) faults.push(`${name} did not move: it leads to ${after ?? 'nowhere'}`);
    if (strange.length > 0) faults.push(`${name} led to ${strange.join(', ')}`);
  }
  return faults;
}

function nameText({ name, before, after, movedMs, followedMs, ttlSeconds }: NameReport): string {
  const ms = (value: number | null) => (value === null ? 'never' : `${value} ms after the fault`);
  return (
    `name        ${name}: ${before ?? 'nowhere'} -> ${after ?? 'nowhere'}, read back ${ms(movedMs)}\n` +
    `sender      followed ${ms(followedMs)} (it keeps an answer for its TTL of ${ttlSeconds} s)\n`
  );
}

/** For people. */
export function reportText(report: Report): string {
  const rows = trafficKinds.map((kind) => ({ kind, ...report.kinds[kind] }));
  const columns = ['kind', 'sent', 'stored', 'doubled', 'lostInGap', 'lost'] as const;
  const line = (cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(10)).join('');
  const table = [line([...columns]), ...rows.map((row) => line(columns.map((column) => row[column])))].join('\n');
  const stalls =
    report.falseTakeovers === 0 ? '' : `false       ${report.falseTakeovers} take-over(s) that nobody asked for\n`;
  const took = report.takeoverMs === null ? 'no take-over' : `${report.takeoverMs} ms`;
  return `take-over   ${took} (from the fault to the first row committed under the new epoch)\nepochs      ${report.epochs.join(', ')}\n${stalls}${report.name ? nameText(report.name) : ''}\n${table}\n`;
}
