import type { PairStatus } from '@hotstandby/contracts';
import { staleSendersOf } from '../pair-view/index.ts';
import { count, moment } from './text/amount.ts';
import type { Paint } from './text/paint.ts';
import { table } from './text/table.ts';

const most = 10;

/** Who still sends to a node that is not active; nothing when nobody does. */
export function staleLines({ nodes }: PairStatus, paint: Paint): string[] {
  const { senders, more } = staleSendersOf(nodes);
  if (senders.length === 0) return [];
  const rows = senders
    .slice(0, most)
    .map(({ source, via, node, count: number, lastSeen }) => [
      ...[source, via, node],
      { text: count(number), right: true },
      moment(lastSeen),
    ]);
  const left = senders.length - rows.length + more;
  return [
    '',
    ...table(paint, ['STALE SENDER', 'SENDS', 'TO NODE', 'COUNT', 'LAST SEEN'], rows),
    ...(left > 0 ? [paint('grey', `and ${count(left)} more`)] : []),
  ];
}
