import type { FieldPlan, RecordPlan, Slot } from '../netflow/record-plan.ts';
import { columnNames, type ColumnName, type ColumnsHold, type ExtraColumn, type FlowShape } from './flow-columns.ts';
import { loopFor, wordLoop, type AnyLoop, type ColumnUnit } from './read-column.ts';

/** A field of a template: its column, and what reads it. */
export interface PlannedField {
  /** In `FlowColumns.slots`. */
  slot: number;
  /** In a record. */
  offset: number;
  loop: AnyLoop;
}

/** A template compiled for columns: one loop a field. */
export interface ColumnPlan {
  shape: FlowShape;
  fields: readonly PlannedField[];
  /** Slots of the columns that the template does not have. */
  absent: readonly number[];
  recordBytes: number;
}

/** Column, and the most bytes that it holds whatever they say. */
const bySlot: Partial<Record<Slot, [ColumnName, number]>> = {
  sourceIPv4: ['sourceAddress', 4],
  destinationIPv4: ['destinationAddress', 4],
  sourcePort: ['sourcePort', 2],
  destinationPort: ['destinationPort', 2],
  tcpFlags: ['tcpFlags', 2],
  protocol: ['protocol', 1],
  tos: ['tos', 1],
  inputInterface: ['inputInterface', 4],
  outputInterface: ['outputInterface', 4],
  // What is beyond 2^53 - 1 is refused when it comes.
  packets: ['packets', 8],
  octets: ['octets', 8],
};

/** What is summed by minute. */
export const summedColumns: readonly ColumnName[] = [
  'packets',
  'octets',
  'sourceAddress',
  'destinationAddress',
  'inputInterface',
  'outputInterface',
  'sourcePort',
  'destinationPort',
  'protocol',
];
const everyColumn: readonly ColumnName[] = [...summedColumns, 'startMs', 'endMs', 'tcpFlags', 'tos'];

/** So that no template makes the columns large for all that come after it. */
const mostExtra = 32;
const extraBytes = 4;

const plans = {
  flows: new WeakMap<RecordPlan, ColumnPlan | 'none'>(),
  sums: new WeakMap<RecordPlan, ColumnPlan | 'none'>(),
};

/**
 * Made once for each template. `none`: its flows are records, for it is one of options, has fields of variable length, counts
 * nothing, or has a field that no column holds whole (`sums`: that is summed).
 */
export function columnPlanOf(plan: RecordPlan, holds: ColumnsHold): ColumnPlan | 'none' {
  let made = plans[holds].get(plan);
  if (made === undefined) {
    made = make(plan, holds) ?? 'none';
    plans[holds].set(plan, made);
  }
  return made;
}

function make({ template, fields }: RecordPlan, holds: ColumnsHold): ColumnPlan | null {
  if (template.scopeFields !== null) return null;
  const columns = new Set<ColumnName>();
  const extra: ExtraColumn[] = [];
  const planned: PlannedField[] = [];
  let offset = 0;
  for (const field of fields) {
    const { lengthBytes, ignored } = field;
    if (lengthBytes === null) return null;
    const place = ignored ? 'nowhere' : placeOf(field, lengthBytes, holds);
    if (place === null) return null;
    if (place !== 'nowhere') {
      if ('column' in place) {
        columns.add(place.column);
        const loop = loopFor(place.column, lengthBytes, place.unit);
        planned.push({ slot: columnNames.indexOf(place.column), offset, loop });
      } else {
        planned.push({ slot: columnNames.length + extra.length, offset, loop: wordLoop(lengthBytes) });
        extra.push(place);
      }
    }
    offset += lengthBytes;
  }
  if (extra.length > mostExtra || !(columns.has('packets') || columns.has('octets'))) return null;
  const absent = (holds === 'sums' ? summedColumns : everyColumn).filter((name) => !columns.has(name));
  return {
    shape: { version: template.version, columns, extra },
    fields: planned,
    absent: absent.map((name) => columnNames.indexOf(name)),
    recordBytes: offset,
  };
}

type Place = { column: ColumnName; unit: ColumnUnit } | ExtraColumn | 'nowhere';

function placeOf({ name, kind, slot }: FieldPlan, lengthBytes: number, holds: ColumnsHold): Place | null {
  const isAddress = slot?.includes('IPv') ?? false;
  const [column, mostBytes] = (slot !== null && bySlot[slot]) || [null, 0];
  if (holds === 'sums' && !isAddress && !(column !== null && summedColumns.includes(column))) return 'nowhere';
  if (column !== null) return lengthBytes <= mostBytes ? { column, unit: 'number' } : null;
  if (slot !== null) return placeOfTime(slot, kind, lengthBytes);
  if ((kind !== 'unsigned' && kind !== 'ipv4') || lengthBytes > extraBytes) return null;
  return { name, kind };
}

function placeOfTime(slot: Slot, kind: string, lengthBytes: number): Place | null {
  const column = slot === 'start' || slot === 'startUptime' ? 'startMs' : 'endMs';
  if (slot === 'startUptime' || slot === 'endUptime') return lengthBytes === 4 ? { column, unit: 'uptime' } : null;
  if (slot !== 'start' && slot !== 'end') return null;
  return kind === 'seconds' || kind === 'milliseconds' ? { column, unit: kind } : null;
}
