import type { Draft } from './alert-rules.ts';
import type { Facts } from './facts.ts';

/** The body of the mail: plain text, what a person needs first. */
export function alertText(facts: Facts, draft: Draft, keptQuiet: number): string {
  const { event } = facts;
  const rows: [string, string][] = [
    ['When', `${event.time} (clock of ${facts.node})`],
    ['Cluster', facts.cluster],
    ['Node', facts.node],
    ['Service', facts.service],
    ['Epoch', event.epoch === undefined ? '' : `${event.epoch}`],
    ['Rule', event.rule ?? facts.text('rule')],
    ['Reason', draft.reason],
    ['Event', `${event.type} ${event.id}`],
  ];
  const lines = rows.filter(([, value]) => value !== '').map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`);
  const quiet =
    keptQuiet === 0
      ? []
      : [
          '',
          `${keptQuiet} further ${keptQuiet === 1 ? 'event' : 'events'} of this kind since the last mail ${keptQuiet === 1 ? 'was' : 'were'} not sent.`,
        ];
  return [draft.what, '', ...lines, ...quiet, '', `What to do: ${draft.advice}`, ''].join('\n');
}
