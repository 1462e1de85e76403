import type { Colour, Paint } from './paint.ts';
import { printable } from './paint.ts';

/** A cell; `right` for numbers. */
export type Cell = string | { text: string; colour?: Colour | null; right?: boolean };

/** Columns side by side, two spaces between them; no spaces at the ends of lines. */
export function table(paint: Paint, head: string[], rows: Cell[][]): string[] {
  const all = [head.map((text): Cell => ({ text, colour: 'grey' })), ...rows].map((row) => row.map(normal));
  const widths = head.map((_, column) => Math.max(...all.map((row) => lengthOf(row[column]?.text ?? ''))));
  const rightColumns = head.map((_, column) => all.slice(1).some((row) => row[column]?.right));
  return all.map((row) =>
    row
      .map(({ text, colour }, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - lengthOf(text));
        const painted = paint(colour, text);
        if (rightColumns[column]) return gap + painted;
        return column === row.length - 1 ? painted : painted + gap;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** In code points: what a terminal shows one after the other, but for wide and combining characters. */
const lengthOf = (text: string) => Array.from(text).length;

function normal(cell: Cell): { text: string; colour: Colour | null; right: boolean } {
  const { text, colour = null, right = false } = typeof cell === 'string' ? { text: cell } : cell;
  return { text: printable(text), colour, right };
}
