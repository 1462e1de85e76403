/** What is said again and again in the same way; a long run of such lines is folded into one. */
export interface Routine {
  /** Who goes on with what: `a beat`. */
  channel: string;
  /** The same as the last time on this channel: nothing new. */
  same: string;
}

interface Line {
  atMs: number;
  who: string;
  text: string;
  /** What a folded line calls it; null: it is never folded. */
  folded: string | null;
}

/** A run of routine lines that is no longer than this is told in full. */
const shortRun = 2;
const width = 118;
const margin = 20;

/** The lines of a conversation in the order in which they were spoken. */
export class Script {
  readonly #nowMs: () => number;
  readonly #last = new Map<string, string>();
  #beginMs = 0;
  #lines: Line[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#beginMs = nowMs();
  }

  say(who: string, text: string, routine: Routine | null = null): void {
    const folded = routine && this.#last.get(routine.channel) === routine.same ? `${who}: ${routine.same}` : null;
    if (routine) this.#last.set(routine.channel, routine.same);
    this.#lines.push({ atMs: this.#nowMs() - this.#beginMs, who, text, folded });
  }

  /** What was said so far is left out, and time begins at zero. */
  begin(): void {
    this.#lines = [];
    this.#beginMs = this.#nowMs();
  }

  text(): string {
    const printed: string[] = [];
    for (let at = 0; at < this.#lines.length;) {
      const run = this.#routineRun(at);
      const told = run.length > shortRun ? [foldedLine(run)] : this.#lines.slice(at, at + Math.max(1, run.length));
      for (const line of told) printed.push(printLine(line));
      at += Math.max(1, run.length);
    }
    return printed.join('\n');
  }

  #routineRun(from: number): Line[] {
    const end = this.#lines.findIndex((line, index) => index >= from && line.folded === null);
    return this.#lines.slice(from, end < 0 ? this.#lines.length : end);
  }
}

function foldedLine(run: Line[]): Line {
  const kinds = Map.groupBy(run, ({ folded }) => folded ?? '');
  const text = [...kinds]
    .map(([folded, lines]) => (lines.length > 1 ? `${lines.length} x ${folded}` : folded))
    .join('; ');
  return { atMs: run.at(-1)?.atMs ?? 0, who: '...', text, folded: null };
}

/** Time in ms, who, what; what is too long for a line goes on under itself. */
function printLine({ atMs, who, text }: Line): string {
  const [first = '', ...rest] = text.split('\n').flatMap((part) => wrap(part, width - margin - 2));
  const head = `${atMs.toFixed(1).padStart(9)}  ${who.padEnd(margin - 11)}`;
  return [`${head}${first}`, ...rest.map((line) => `${' '.repeat(margin)}  ${line}`)].join('\n').trimEnd();
}

/** Words on lines of at most `most` characters. */
export function wrap(text: string, most = width): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
