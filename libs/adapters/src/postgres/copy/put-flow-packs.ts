import type { ColumnName, ExtraColumn, FlowColumns, FlowRecord, FlowRun, FlowShape } from '@hotstandby/decoders';
import type { Column } from '../column.ts';
import { promotedExtra } from '../promoted-extra.ts';
import { ExtraFields } from './extra-fields.ts';
import {
  isAlike,
  putInt2Array,
  putInt4Array,
  putInt8Array,
  putJsonArray,
  putTimeArray,
  type PutArray,
} from './put-array.ts';
import { putColumn } from './put-record.ts';
import type { TupleWriter } from './tuple-writer.ts';

/** What of a flow is alike in its run: `received_at` to `observation_domain`. */
export type RunColumns = readonly Column<
  Pick<FlowRecord, 'receivedAtMs' | 'exporter' | 'version' | 'observationDomain'>
>[];

const arrays: readonly (readonly [name: string, of: ColumnName, put: PutArray])[] = [
  ['source_address', 'sourceAddress', putInt4Array],
  ['destination_address', 'destinationAddress', putInt4Array],
  ['source_port', 'sourcePort', putInt2Array],
  ['destination_port', 'destinationPort', putInt2Array],
  ['protocol', 'protocol', putInt2Array],
  ['packets', 'packets', putInt8Array],
  ['octets', 'octets', putInt8Array],
  ['start_at', 'startMs', putTimeArray],
  ['end_at', 'endMs', putTimeArray],
  ['input_interface', 'inputInterface', putInt4Array],
  ['output_interface', 'outputInterface', putInt4Array],
  ['tcp_flags', 'tcpFlags', putInt2Array],
  ['tos', 'tos', putInt2Array],
];

/** Columns of `flow_pack` that are arrays, in the order of its tuples. */
const arrayNames = [...arrays.map(([name]) => name), ...promotedExtra.map(({ column }) => column), 'extra'];

/** Columns of `flow_pack` in the order of its tuples. */
export const flowPackColumns: readonly string[] = [
  ...['epoch', 'received_at', 'exporter', 'version', 'observation_domain', 'flows'],
  ...arrayNames,
  'altered',
];

/** Where the arrays are among them. */
export const flowPackArrays = { from: 6, end: 6 + arrayNames.length } as const;

/**
 * A pack with all columns is a page of the database then: all its arrays stand in the row itself, and the database need not look
 * for a place to put them. With much in `extra` it is fewer.
 */
export const mostFlowsOfPack = 90;

/** Octets of arrays in a page; of a flow with every column, and of an element in `extra` beside its name. */
const arrayBytes = 7100;
const flowBytes = 78;
const elementBytes = 24;

/** A pack of fewer takes more room on the disk than as many rows, and as much of the database's time. */
export const fewestFlowsOfPack = 3;

/** Flows as tuples of `flow_pack`: of each run one, or several alike in size. Runs of fewer than `fewest` are left to rows. */
export function putFlowPacks(
  into: TupleWriter,
  epoch: number,
  runColumns: RunColumns,
  columns: FlowColumns,
  fewest: number = fewestFlowsOfPack,
): void {
  let first = 0;
  for (const run of columns.runs) {
    const flows = run.end - first;
    if (flows >= fewest) {
      const plan = planOf(run.shape);
      const extra = { names: plan.names, values: plan.slots.map((slot) => columns.extra[slot] ?? nothing) };
      const size = Math.ceil(flows / Math.ceil(flows / mostFlowsOf(extra, first, run.end)));
      for (let from = first; from < run.end; from += size)
        putPack(into, epoch, runColumns, columns, { run, plan, extra, from, end: Math.min(run.end, from + size) });
    }
    first = run.end;
  }
}

const nothing = new Uint32Array(0);

/** Where a template's columns in `extra` go: to a column of their own (null: it has none for that one), or together into `extra`. */
interface Plan {
  promoted: readonly (number | null)[];
  names: readonly ExtraColumn[];
  slots: readonly number[];
}

const plans = new WeakMap<FlowShape, Plan>();

function planOf(shape: FlowShape): Plan {
  let plan = plans.get(shape);
  if (!plan) {
    plan = makePlan(shape);
    plans.set(shape, plan);
  }
  return plan;
}

function makePlan({ extra }: FlowShape): Plan {
  const promoted = promotedExtra.map(({ element, kind }) => {
    const slot = extra.findIndex((one) => one.name === element && one.kind === kind);
    return slot < 0 ? null : slot;
  });
  const slots = [...extra.keys()].filter((slot) => !promoted.includes(slot));
  return { promoted, slots, names: slots.flatMap((slot) => extra[slot] ?? []) };
}

/** Flows of a run, from one up to, not including, another. */
interface Piece {
  run: FlowRun;
  plan: Plan;
  extra: Extra;
  from: number;
  end: number;
}

function putPack(
  into: TupleWriter,
  epoch: number,
  runColumns: RunColumns,
  columns: FlowColumns,
  { run, plan, extra, from, end }: Piece,
): void {
  const { shape, receivedAtMs, exporter, observationDomain } = run;
  const alike = { receivedAtMs, exporter, observationDomain, version: shape.version };
  into.tuple(flowPackColumns.length);
  into.int8(epoch);
  const altered = runColumns.map((column) => putColumn(into, column, alike)).filter((what) => what !== null);
  into.int4(end - from);
  for (const [, of, put] of arrays) {
    if (shape.columns.has(of)) put(into, columns[of], from, end);
    else into.none();
  }
  for (const slot of plan.promoted) {
    if (slot === null) into.none();
    else putInt4Array(into, columns.extra[slot] ?? nothing, from, end);
  }
  putExtra(into, extra, from, end);
  if (altered.length === 0) into.none();
  else into.text(altered.join('; '));
}

/** What the columns in `extra` are called, and hold. */
interface Extra {
  names: readonly ExtraColumn[];
  values: readonly Uint32Array[];
}

const isAlikeIn = ({ names, values }: Extra, from: number, end: number): boolean =>
  names.every((_, slot) => isAlike(values[slot] ?? nothing, from, end));

/** In one pack. */
function mostFlowsOf(extra: Extra, from: number, end: number): number {
  if (isAlikeIn(extra, from, end)) return mostFlowsOfPack;
  const extraBytes = extra.names.reduce((sum, { name }) => sum + name.length + elementBytes, 0);
  return Math.min(mostFlowsOfPack, Math.floor(arrayBytes / (flowBytes + extraBytes)));
}

function putExtra(into: TupleWriter, extra: Extra, from: number, end: number): void {
  const { names, values } = extra;
  if (names.length === 0) {
    into.none();
    return;
  }
  const fields = new ExtraFields(names, values);
  putJsonArray(into, isAlikeIn(extra, from, end) ? 1 : end - from, (index) => fields.at(from + index));
}
