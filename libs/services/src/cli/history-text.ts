import type { Transition } from '@hotstandby/ports';
import { moment } from './text/amount.ts';
import type { Paint } from './text/paint.ts';
import { table } from './text/table.ts';

/** Transitions as a table; given newest first, shown oldest first, so that the newest stands above the prompt. */
export function historyText(transitions: Transition[], paint: Paint): string[] {
  if (transitions.length === 0) return ['No transition is recorded yet.'];
  return table(
    paint,
    ['TIME (UTC)', 'NODE', 'EPOCH', 'FROM', 'TO', 'RULE', 'OPERATOR'],
    transitions
      .toReversed()
      .map(({ at, node, epoch, from, to, rule, operator }) => [
        moment(at),
        node,
        { text: String(epoch), right: true },
        from,
        { text: to, colour: to === 'active' ? 'green' : to === 'fenced' || to === 'refused' ? 'red' : null },
        rule,
        operator ?? '',
      ]),
  );
}
