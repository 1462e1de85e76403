import { StoreError, type NodeRow, type Pause, type Reign, type ServerRole } from '@hotstandby/ports';
import type { Row } from './session.ts';

/** The driver gives 64-bit integers as texts. Throws `StoreError` when a column does not hold what it must. */
export function reignOf(row: Row): Reign {
  return {
    epoch: count(row, 'epoch'),
    holder: textOrNull(row, 'holder'),
    holderIncarnation: textOrNull(row, 'holderIncarnation'),
    lastHolder: textOrNull(row, 'lastHolder'),
    standby: textOrNull(row, 'standby'),
    standbyIncarnation: textOrNull(row, 'standbyIncarnation'),
    membership: count(row, 'membership'),
    handoverTo: textOrNull(row, 'handoverTo'),
    tenureEpoch: count(row, 'tenureEpoch'),
    timeline: textOrNull(row, 'timeline'),
  };
}

export function nodeRowOf(row: Row): NodeRow {
  return {
    nodeId: text(row, 'nodeId'),
    name: text(row, 'name'),
    incarnation: text(row, 'incarnation'),
    hostAddress: text(row, 'hostAddress'),
    consolePort: count(row, 'consolePort'),
    natsPort: count(row, 'natsPort'),
    lastCount: count(row, 'lastCount'),
    serverRole: text(row, 'serverRole') as ServerRole,
    standbyServerName: textOrNull(row, 'standbyServerName'),
    version: text(row, 'version'),
    timeZone: text(row, 'timeZone'),
    epoch: row['epoch'] === null ? null : count(row, 'epoch'),
    remembers: { epoch: count(row, 'remembersEpoch'), membership: count(row, 'remembersMembership') },
  };
}

export function pauseOf(row: Row): Pause {
  return {
    number: count(row, 'number'),
    remainingMs: count(row, 'remainingMs'),
    endsAt: text(row, 'endsAt'),
    operator: text(row, 'operator'),
    reason: text(row, 'reason'),
  };
}

export function count(row: Row, name: string): number {
  const value = Number(row[name] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) throw strange(name);
  return value;
}

export function text(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw strange(name);
  return value;
}

function textOrNull(row: Row, name: string): string | null {
  return row[name] === null ? null : text(row, name);
}

function strange(name: string): StoreError {
  return new StoreError('unknown', `the store answered with no usable "${name}"`);
}
