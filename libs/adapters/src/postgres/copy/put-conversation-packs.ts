import type { ConversationColumns } from '@hotstandby/core/traffic';
import { putInt2Array, putInt4Array, putInt8Array } from './put-array.ts';
import { putValue } from './put-value.ts';
import type { TupleWriter } from './tuple-writer.ts';

/** Columns of `conversations_pack` in the order of its tuples. */
export const conversationPackColumns = [
  ...['epoch', 'minute', 'exporter', 'conversations', 'source_address', 'destination_address', 'protocol', 'port'],
  ...['flows', 'packets', 'octets'],
] as const;

/** A pack is a page of the database then, at the most. */
export const mostConversationsOfPack = 240;

/** Fewer are rows, which take less room then. */
export const fewestConversationsOfPack = 3;

/** Conversations of a minute and exporter as a tuple of `conversations_pack`. */
export function putConversationPack(into: TupleWriter, epoch: number, pack: ConversationColumns): void {
  const { count } = pack;
  into.tuple(conversationPackColumns.length);
  into.int8(epoch);
  into.timestamp(pack.minuteMs);
  if (!putValue(into, 'inet', pack.exporter)) into.none();
  into.int4(count);
  putInt4Array(into, pack.source, 0, count);
  putInt4Array(into, pack.destination, 0, count);
  putInt2Array(into, pack.protocol, 0, count);
  putInt2Array(into, pack.port, 0, count);
  putInt4Array(into, pack.flows, 0, count);
  putInt8Array(into, pack.packets, 0, count);
  putInt8Array(into, pack.octets, 0, count);
}
