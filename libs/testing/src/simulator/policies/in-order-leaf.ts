import type { Line } from '../line.ts';

interface Message {
  run: () => void;
  is: 'on-the-way' | 'here' | 'lost';
}

/** One connection over a line: nothing overtakes what was sent before it, and what is lost holds up nobody. */
export class InOrderLeaf {
  readonly #line: Line;
  #sent: Message[] = [];

  constructor(line: Line) {
    this.#line = line;
  }

  carry(run: () => void): void {
    const message: Message = { run, is: 'on-the-way' };
    this.#sent.push(message);
    const now = (is: Message['is']) => () => {
      message.is = is;
      while (this.#sent[0] && this.#sent[0].is !== 'on-the-way') {
        const first = this.#sent.shift();
        if (first?.is === 'here') first.run();
      }
    };
    this.#line.carry(now('here'), now('lost'));
  }
}
