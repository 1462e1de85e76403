/**
 * Lines that stay, with a live block of lines under them that is drawn anew in place; plain lines when the output is not
 * a terminal. Nothing is cleared: what was printed can be scrolled back to and copied.
 */
export class Terminal {
  readonly live: boolean;
  readonly #out: NodeJS.WriteStream;
  #block: string[] = [];
  #drawn = 0;

  constructor(out: NodeJS.WriteStream, live: boolean) {
    this.#out = out;
    this.live = live;
    if (live) out.write('\u001b[?25l');
  }

  get columns(): number {
    return this.#out.columns || 80;
  }

  /** With the time in front. */
  notice(line: string): void {
    const time = new Date().toTimeString().slice(0, 8);
    this.print(`${time}  ${line}`);
  }

  print(text: string): void {
    if (!this.live) this.#out.write(`${text}\n`);
    else this.#draw(`${text}\n`);
  }

  block(lines: string[]): void {
    if (!this.live) return;
    this.#block = lines;
    this.#draw('');
  }

  close(): void {
    if (!this.live) return;
    this.#block = [];
    this.#draw('');
    this.#out.write('\u001b[?25h');
  }

  #draw(above: string): void {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    this.#drawn = this.#block.length;
    this.#out.write(`${up}\r\u001b[0J${above}${this.#block.map((line) => `${line}\n`).join('')}`);
  }
}

/** Calls back for each key. Returns what puts the terminal back. */
export function readKeys(input: NodeJS.ReadStream, onKey: (key: string) => void): () => void {
  input.setRawMode(true);
  input.setEncoding('utf8');
  const take = (text: string | Buffer) => {
    for (const key of String(text)) onKey(key);
  };
  input.on('data', take);
  input.resume();
  return () => {
    input.off('data', take);
    input.setRawMode(false);
    input.pause();
  };
}
