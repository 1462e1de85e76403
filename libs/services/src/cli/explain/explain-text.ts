import type { Paint } from '../text/paint.ts';
import { table } from '../text/table.ts';
import type { Topic } from './topics.ts';

const width = 100;
const kinds = {
  rule: 'a rule of the lease',
  event: 'an event',
  error: 'an error',
  evidence: 'evidence of a transition',
};
const headings = { rule: 'RULES', event: 'EVENTS', error: 'ERRORS', evidence: 'EVIDENCE' } as const;

/** One topic: what it is, then heading by heading. */
export function topicText({ name, kind, sentence, more }: Topic, paint: Paint): string[] {
  const indent = Math.max(...more.map(({ heading }) => heading.length)) + 4;
  return [
    `${paint('bold', name)} (${kinds[kind]})`,
    ...wrap(sentence, width - 2).map((line) => `  ${line}`),
    '',
    ...more.flatMap(({ heading, lines }) =>
      lines
        .flatMap((line) => wrap(line, width - indent))
        .map((line, index) => `  ${paint('grey', (index === 0 ? heading : '').padEnd(indent - 2))}${line}`),
    ),
  ];
}

/** All of them, a line each. */
export function topicsText(topics: Topic[], paint: Paint): string[] {
  const parts = Map.groupBy(topics, ({ kind }) => kind);
  return [...parts].flatMap(([kind, ones]) => [
    ...table(
      paint,
      [headings[kind], ''],
      ones.map(({ name, sentence }) => [name, sentence]),
    ),
    '',
  ]);
}

/** Words on lines of at most `width` characters. */
function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
