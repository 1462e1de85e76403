import type { CloudEvent } from '@hotstandby/ports';
import type { Colour, Paint } from './text/paint.ts';
import { printable } from './text/paint.ts';
import { moment } from './text/amount.ts';

const colours: [RegExp, Colour][] = [
  [
    /\.(failed|lost|dropped|refused|foreign|went-back|other-timeline|unsettled|missed|late|conflict)$|^lease\.fenced$/,
    'red',
  ],
  [/^role\./, 'bold'],
  [/\.(found|granted|bound|registered|completed|sent|started)$/, 'green'],
];

/** One line: time, node, type, epoch, what it says. */
export function eventLine(event: CloudEvent, paint: Paint): string {
  const node = printable(event.source.split('/')[3] ?? '?');
  const colour = colours.find(([pattern]) => pattern.test(event.type))?.[1] ?? null;
  const epoch = event.epoch === undefined ? '' : ` [${event.epoch}]`;
  const head = `${paint('grey', moment(event.time))} ${node} ${paint(colour, printable(event.type))}${epoch}`;
  const said = sentence(event);
  return said === '' ? head : `${head} ${printable(said)}`;
}

function sentence(event: CloudEvent): string {
  const data = event.data as Record<string, unknown> | string | null;
  if (typeof data !== 'object' || data === null) return text(data ?? '');
  const { from, to, reason, rule } = data;
  if (event.type.startsWith('role.')) {
    const operator = data.operator ? ` by ${text(data.operator)}` : '';
    return `${text(from)} -> ${text(to)} (${text(rule)}): ${text(reason)}${operator}`;
  }
  return Object.entries(data)
    .filter(([key, value]) => value !== null && key !== 'cure')
    .map(([key, value]) => `${key}=${text(value)}`)
    .join(' ');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(text).join(',');
  return JSON.stringify(value) ?? '';
}
