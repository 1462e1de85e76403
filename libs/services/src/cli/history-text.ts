import { rules } from '@hotstandby/core/lease';
import type { Transition } from '@hotstandby/ports';
import { evidenceWords } from './evidence-words.ts';
import { moment } from './text/amount.ts';
import { printable, type Paint } from './text/paint.ts';
import { table } from './text/table.ts';

/**
 * Transitions as a table, under each what its rule says and what was recorded; given newest first, shown oldest first, so
 * that the newest stands above the prompt.
 */
export function historyText(transitions: Transition[], paint: Paint): string[] {
  if (transitions.length === 0) return ['No transition is recorded yet.'];
  const oldestFirst = transitions.toReversed();
  const names = new Map(oldestFirst.map(({ nodeId, node }) => [nodeId, node]));
  const [head = '', ...rows] = table(
    paint,
    ['TIME (UTC)', 'NODE', 'EPOCH', 'FROM', 'TO', 'RULE', 'OPERATOR'],
    oldestFirst.map(({ at, node, epoch, from, to, rule, operator }) => [
      moment(at),
      node,
      { text: String(epoch), right: true },
      from,
      { text: to, colour: to === 'active' ? 'green' : to === 'fenced' || to === 'refused' ? 'red' : null },
      rule,
      operator ?? '',
    ]),
  );
  const nodeName = (nodeId: string) => names.get(nodeId) ?? nodeId;
  return [head, ...rows.flatMap((row, index) => [row, ...whyOf(oldestFirst[index], nodeName, paint)])];
}

function whyOf(transition: Transition | undefined, nodeName: (nodeId: string) => string, paint: Paint): string[] {
  if (!transition) return [];
  const { rule, evidence } = transition;
  // A history may hold rules of a newer program.
  const known: Record<string, { sentence: string }> = rules;
  const sentence = Object.hasOwn(known, rule) ? known[rule]?.sentence : undefined;
  const recorded = evidenceWords(evidence, nodeName);
  return [sentence, recorded === '' ? undefined : `Recorded: ${recorded}.`]
    .filter((line) => line !== undefined)
    .map((line) => `    ${paint('grey', printable(line))}`);
}
