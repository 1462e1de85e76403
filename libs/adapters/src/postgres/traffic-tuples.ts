import type { ApplicationSum, ConversationSum, InterfaceSum, Totals, TrafficSums } from '@hotstandby/core/traffic';
import {
  conversationPackColumns,
  fewestConversationsOfPack,
  mostConversationsOfPack,
  putConversationPack,
} from './copy/put-conversation-packs.ts';
import { putValue } from './copy/put-value.ts';
import { TupleWriter } from './copy/tuple-writer.ts';

/** Columns of the tables of minutes, as their tuples are made here. */
export const trafficColumns = {
  traffic_part: ['epoch', 'minute', 'exporter', 'input_interface', 'output_interface', 'flows', 'packets', 'octets'],
  applications_part: ['epoch', 'minute', 'exporter', 'protocol', 'port', 'flows', 'packets', 'octets'],
  conversations_part: [
    ...['epoch', 'minute', 'exporter', 'source_address', 'destination_address', 'protocol', 'port'],
    ...['flows', 'packets', 'octets'],
  ],
  conversations_pack: conversationPackColumns,
} as const;

export type TrafficTable = keyof typeof trafficColumns;
export const trafficTableNames = Object.keys(trafficColumns) as TrafficTable[];

/** `bigint` holds no more. */
const most = 2 ** 63 - 1024;

/** Sent as soon as so much is made. */
const chunkBytes = 256 * 1024;

/** The sums of a transaction as tuples of one table, made while they are sent. */
export function* trafficTuples(table: TrafficTable, epoch: number, sums: TrafficSums): Generator<Buffer> {
  const into = new TupleWriter();
  for (const _ of table === 'conversations_pack' ? putPacks(into, epoch, sums) : putRows(into, table, epoch, sums))
    if (into.size >= chunkBytes) yield into.take() ?? Buffer.alloc(0);
  const last = into.take();
  if (last) yield last;
}

/** Gives way after each tuple. */
function* putPacks(into: TupleWriter, epoch: number, sums: TrafficSums): Generator<void> {
  const packs = sums.conversationColumns(mostConversationsOfPack, (count) => !isFew(count));
  for (const pack of packs) yield putConversationPack(into, epoch, pack);
}

const isFew = (conversations: number): boolean => conversations < fewestConversationsOfPack;

/** Those that are in no pack. */
function* conversationRows(sums: TrafficSums): Generator<ConversationSum> {
  for (const few of sums.conversationColumns(mostConversationsOfPack, isFew)) {
    const { minuteMs, exporter, count } = few;
    for (let row = 0; row < count; row += 1) {
      yield {
        minuteMs,
        exporter,
        source: few.source[row] ?? 0,
        destination: few.destination[row] ?? 0,
        protocol: few.protocol[row] ?? 0,
        port: few.port[row] ?? 0,
        flows: few.flows[row] ?? 0,
        packets: few.packets[row] ?? 0,
        octets: few.octets[row] ?? 0,
      };
    }
  }
  yield* sums.otherConversations();
}

function* putRows(
  into: TupleWriter,
  table: Exclude<TrafficTable, 'conversations_pack'>,
  epoch: number,
  sums: TrafficSums,
): Generator<void> {
  for (const row of rowsOf(table, sums)) {
    into.tuple(trafficColumns[table].length);
    into.int8(epoch);
    into.timestamp(row.minuteMs);
    if (!putValue(into, 'inet', row.exporter)) into.none();
    if ('source' in row) {
      putAddress(into, row.source);
      putAddress(into, row.destination);
    }
    if ('protocol' in row) {
      into.int2(row.protocol);
      into.int4(row.port);
    } else {
      into.int8(row.input);
      into.int8(row.output);
    }
    putTotals(into, row);
    yield;
  }
}

function rowsOf(
  table: Exclude<TrafficTable, 'conversations_pack'>,
  sums: TrafficSums,
): Iterable<InterfaceSum | ApplicationSum | ConversationSum> {
  if (table === 'traffic_part') return sums.traffic();
  return table === 'applications_part' ? sums.applications() : conversationRows(sums);
}

function putAddress(into: TupleWriter, address: string | number): void {
  if (typeof address === 'number') into.inet4Bits(address);
  else if (!putValue(into, 'inet', address)) into.inet4Bits(0);
}

function putTotals(into: TupleWriter, { flows, packets, octets }: Totals): void {
  into.int8(flows);
  for (const total of [packets, octets]) {
    if (total <= Number.MAX_SAFE_INTEGER) into.int8(total);
    else into.bigint(BigInt(Math.min(total, most)));
  }
}
