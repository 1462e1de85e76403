import type { RecordKind } from '@hotstandby/contracts';
import { count, moment } from './text/amount.ts';
import type { Paint } from './text/paint.ts';
import { table, type Cell } from './text/table.ts';

type Row = Record<string, unknown>;

const widest = 100;

/** Rows of a kind as people read them; given newest first, shown oldest first. Every column is in `--json`. */
export function recordsText(kind: RecordKind, rows: Row[], paint: Paint): string[] {
  if (rows.length === 0) return [`No ${kind} are stored yet.`];
  const { head, cells } = views[kind];
  return table(
    paint,
    head,
    rows.toReversed().map((row) => cells((...names) => pick(row, names))),
  );
}

/** The value of the first of these columns that the row has, as text. */
type Pick = (...names: string[]) => string;

const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const views: Record<RecordKind, { head: string[]; cells: (of: Pick) => Cell[] }> = {
  syslog: {
    head: ['RECEIVED (UTC)', 'FROM', 'SEVERITY', 'HOST', 'APP', 'MESSAGE'],
    cells: (of) => [
      of('received_at'),
      of('source_address'),
      severity(of('severity')),
      of('hostname'),
      of('app_name'),
      of('message'),
    ],
  },
  traps: {
    head: ['RECEIVED (UTC)', 'FROM', 'VERSION', 'TRAP', 'VARIABLES'],
    cells: (of) => [
      of('received_at'),
      of('source_address'),
      of('version', 'snmp_version'),
      of('trap_oid'),
      of('varbinds') || of('malformed'),
    ],
  },
  flows: {
    head: ['RECEIVED (UTC)', 'EXPORTER', 'V', 'SOURCE', 'DESTINATION', 'PROTO', 'PACKETS', 'BYTES'],
    cells: (of) => [
      of('received_at'),
      of('exporter'),
      of('version'),
      `${of('source_address')}:${of('source_port')}`,
      `${of('destination_address')}:${of('destination_port')}`,
      of('protocol'),
      number(of('packets')),
      number(of('octets', 'bytes')),
    ],
  },
};

function severity(value: string): Cell {
  const level = value === '' ? NaN : Number(value);
  const text = severities[level] ?? value;
  return { text, colour: level <= 3 ? 'red' : level === 4 ? 'yellow' : null };
}

function number(value: string): Cell {
  return { text: /^\d+$/.test(value) ? count(Number(value)) : value, right: true };
}

function pick(row: Row, names: string[]): string {
  const name = names.find((wanted) => row[wanted] !== undefined && row[wanted] !== null);
  const text = name === undefined ? '' : textOf(row[name]);
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text;
}

/** Variables of a trap as `oid=value`; other lists and objects as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return moment(value);
  if (value instanceof Date) return moment(value.toISOString());
  if (Array.isArray(value) && value.every(isVarbind)) {
    return value.map(({ oid, value: bound }) => `${oid}=${textOf(bound)}`).join(' ');
  }
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? '');
}

function isVarbind(item: unknown): item is { oid: string; value: unknown } {
  return typeof (item as { oid?: unknown } | null)?.oid === 'string';
}
