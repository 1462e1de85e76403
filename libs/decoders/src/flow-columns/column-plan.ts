import type { RecordPlan, Slot } from '../netflow/record-plan.ts';
import type { ColumnName } from './flow-columns.ts';

/** How the field is turned into the number in its column. */
export type ColumnUnit = 'number' | 'uptime' | 'seconds' | 'milliseconds';

export interface PlannedColumn {
  column: ColumnName;
  /** In a record. */
  offset: number;
  lengthBytes: number;
  unit: ColumnUnit;
}

/** A template whose flows fit into columns without losing anything. */
export interface ColumnPlan {
  columns: PlannedColumn[];
  recordBytes: number;
}

/** Column and the lengths that it takes whole. */
const bySlot: Partial<Record<Slot, [ColumnName, readonly number[]]>> = {
  sourceIPv4: ['sourceAddress', [4]],
  destinationIPv4: ['destinationAddress', [4]],
  sourcePort: ['sourcePort', [1, 2]],
  destinationPort: ['destinationPort', [1, 2]],
  tcpFlags: ['tcpFlags', [1, 2]],
  protocol: ['protocol', [1]],
  tos: ['tos', [1]],
  inputInterface: ['inputInterface', [1, 2, 4]],
  outputInterface: ['outputInterface', [1, 2, 4]],
  packets: ['packets', [4, 8]],
  octets: ['octets', [4, 8]],
};
/** Fields that records have in `extra`. */
const byName: Partial<Record<string, [ColumnName, readonly number[]]>> = {
  ipNextHopIPv4Address: ['nextHop', [4]],
  bgpSourceAsNumber: ['sourceAs', [1, 2, 4]],
  bgpDestinationAsNumber: ['destinationAs', [1, 2, 4]],
  sourceIPv4PrefixLength: ['sourcePrefix', [1]],
  destinationIPv4PrefixLength: ['destinationPrefix', [1]],
  flowDirection: ['direction', [1]],
};

/** Null: a field has no column, or may have values that its column cannot hold; then the flows are records. */
export function planColumns(plan: RecordPlan): ColumnPlan | null {
  if (plan.template.scopeFields !== null) return null;
  const columns: PlannedColumn[] = [];
  let offset = 0;
  for (const { name, kind, slot, lengthBytes, ignored } of plan.fields) {
    if (lengthBytes === null) return null;
    if (!ignored) {
      const time = slot === null ? null : timeColumn(slot, kind);
      const [column, lengths] = time ?? (slot === null ? byName[name] : bySlot[slot]) ?? [null, []];
      if (column === null || !lengths.includes(lengthBytes)) return null;
      if (columns.some((other) => other.column === column)) return null;
      columns.push({ column, offset, lengthBytes, unit: time?.[2] ?? 'number' });
    }
    offset += lengthBytes;
  }
  return { columns, recordBytes: offset };
}

function timeColumn(slot: Slot, kind: string): [ColumnName, readonly number[], ColumnUnit] | null {
  const column = slot === 'start' || slot === 'startUptime' ? 'startMs' : 'endMs';
  if (slot === 'startUptime' || slot === 'endUptime') return [column, [4], 'uptime'];
  if (slot !== 'start' && slot !== 'end') return null;
  if (kind === 'seconds') return [column, [4], 'seconds'];
  return kind === 'milliseconds' ? [column, [8], 'milliseconds'] : null;
}
