import type { ApplicationSum, ConversationSum, InterfaceSum, TrafficSums } from '@hotstandby/core/traffic';
import { fieldOf, type Field } from './column.ts';

export const trafficTableNames = ['traffic_part', 'applications_part', 'conversations_part'] as const;
export type TrafficTable = (typeof trafficTableNames)[number];

/** `bigint` holds no more. */
const most = 2 ** 63 - 1024;

/** The sums of a transaction as rows of one table: minute, exporter, keys, flows, packets, octets. Made while they are sent. */
export function* trafficRows(table: TrafficTable, sums: TrafficSums): Generator<Field[]> {
  for (const row of rowsOf(table, sums)) {
    const place = [fieldOf('instant', row.minuteMs) ?? new Date(0), fieldOf('address', row.exporter) ?? null];
    yield [...place, ...keysOf(row), row.flows, totalOf(row.packets), totalOf(row.octets)];
  }
}

function rowsOf(table: TrafficTable, sums: TrafficSums): Iterable<InterfaceSum | ApplicationSum | ConversationSum> {
  if (table === 'traffic_part') return sums.traffic();
  return table === 'applications_part' ? sums.applications() : sums.conversations();
}

function keysOf(row: InterfaceSum | ApplicationSum | ConversationSum): Field[] {
  if ('input' in row) return [fieldOf('int8', row.input) ?? 0, fieldOf('int8', row.output) ?? 0];
  const application = [fieldOf('int2', row.protocol) ?? 0, fieldOf('int4', row.port) ?? 0];
  return 'source' in row ? [addressOf(row.source), addressOf(row.destination), ...application] : application;
}

function addressOf(address: string | number): Field {
  if (typeof address === 'string') return fieldOf('address', address) ?? '0.0.0.0';
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

const totalOf = (total: number): bigint => BigInt(Math.trunc(Math.min(total, most)) || 0);
