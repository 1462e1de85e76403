import type { AuditCount } from '@hotstandby/core/ledger';
import type { VerifiedLine } from '@hotstandby/contracts';
import type { StoredCount, TelemetryKind } from '@hotstandby/ports';

/** Names a source and kind in one text, and back. */
export const groupOf = (source: string, kind: TelemetryKind): string => `${kind} ${source}`;

/** Adds up counts by source, kind and minute. */
export class Tally {
  readonly #counts = new Map<string, Map<number, AuditCount>>();

  add(group: string, minute: number, more: Partial<AuditCount>): void {
    const minutes = this.#counts.get(group) ?? new Map<number, AuditCount>();
    this.#counts.set(group, minutes);
    const count = minutes.get(minute) ?? { received: 0, stored: 0, lost: 0, doubled: 0 };
    minutes.set(minute, count);
    for (const what of ['received', 'stored', 'lost', 'doubled'] as const) count[what] += more[what] ?? 0;
  }

  addAll(counts: Map<string, Map<number, AuditCount>>): void {
    for (const [group, minutes] of counts) for (const [minute, count] of minutes) this.add(group, minute, count);
  }

  totals(): AuditCount {
    const totals = { received: 0, stored: 0, lost: 0, doubled: 0 };
    for (const minutes of this.#counts.values())
      for (const count of minutes.values())
        for (const what of ['received', 'stored', 'lost', 'doubled'] as const) totals[what] += count[what];
    return totals;
  }

  /** By time, kind and source. `rows`: what the tables hold; asked of whole minutes only, null for others. */
  lines(rows: StoredCount[], isWhole: (minute: number) => boolean): VerifiedLine[] {
    const found = new Map(rows.map(({ kind, source, minute, rows: n }) => [`${groupOf(source, kind)} ${minute}`, n]));
    const lines: { at: number; line: VerifiedLine }[] = [];
    for (const [group, minutes] of this.#counts) {
      const [kind = '', source = ''] = group.split(' ');
      for (const [minute, count] of minutes)
        lines.push({
          at: minute,
          line: {
            source,
            kind: kind as TelemetryKind,
            minute: new Date(minute * 60_000).toISOString(),
            ...count,
            // A datagram of flows is any number of rows.
            rows: kind === 'flow' || !isWhole(minute) ? null : (found.get(`${group} ${minute}`) ?? 0),
          },
        });
    }
    const order = ({ line }: { line: VerifiedLine }) => `${line.kind} ${line.source}`;
    return lines
      .toSorted((one, other) => one.at - other.at || order(one).localeCompare(order(other)))
      .map(({ line }) => line);
  }
}
