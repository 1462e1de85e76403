import type { LedgerVerification, VerifiedLine } from '@hotstandby/contracts';
import { count, moment } from '../text/amount.ts';
import type { Paint } from '../text/paint.ts';
import { table } from '../text/table.ts';

/** Beyond this only what is amiss is listed, below the sums of each source. */
const mostLines = 60;

/** The verification for people. */
export function ledgerText(found: LedgerVerification, paint: Paint): string[] {
  const { lines, totals, verdict, nodes, notes, feed } = found;
  const amiss = (line: VerifiedLine) => line.lost > 0 || line.doubled > 0;
  const all = lines.length <= mostLines;
  const number = (value: number, bad = false) => ({
    text: count(value),
    right: true,
    colour: bad && value > 0 ? ('red' as const) : null,
  });
  const row = (first: string, line: Omit<VerifiedLine, 'minute'>) => [
    first,
    line.kind,
    line.source,
    number(line.received),
    number(line.stored),
    number(line.lost, true),
    number(line.doubled, true),
    line.rows === null ? { text: '-', right: true } : number(line.rows),
  ];
  const head = ['MINUTE (UTC)', 'KIND', 'SOURCE', 'RECEIVED', 'STORED', 'LOST', 'DOUBLED', 'ROWS'];
  const minuteOf = (line: VerifiedLine) => moment(line.minute).slice(0, 16);
  const shown = all ? lines : lines.filter(amiss);
  const text = table(paint, head, [
    ...(all ? [] : sumsOf(lines).map((line) => row('all', line))),
    ...shown.map((line) => row(minuteOf(line), line)),
  ]);
  const heard = nodes.map(
    ({ name, seen, received }) =>
      `${name} ${received === null ? 'does not tell' : `received ${seen === 'copy' ? 'at least ' : ''}${count(received)}`}`,
  );
  const colour = verdict === 'proven' ? 'green' : verdict === 'broken' ? 'red' : 'yellow';
  return [
    `From ${moment(found.from)} to ${moment(found.until)} UTC, feed ${feed}; ${heard.join(', ')}`,
    ...(lines.length === 0 ? ['Nothing was received in that time.'] : text),
    ...notes.map((note) => `${paint('yellow', 'note')} ${note}`),
    `${paint(colour, verdict)}: ${verdict === 'unproven' ? 'of what could be seen ' : ''}received ${count(totals.received)}, stored ${count(totals.stored)}, lost ${count(totals.lost)}, doubled ${count(totals.doubled)}`,
  ];
}

function sumsOf(lines: VerifiedLine[]): VerifiedLine[] {
  const sums = new Map<string, VerifiedLine>();
  for (const line of lines) {
    const key = `${line.kind} ${line.source}`;
    const sum = sums.get(key) ?? { ...line, received: 0, stored: 0, lost: 0, doubled: 0, rows: null };
    for (const what of ['received', 'stored', 'lost', 'doubled'] as const) sum[what] += line[what];
    sums.set(key, sum);
  }
  return [...sums.values()];
}
