import type { Socket } from 'node:net';

/** Nothing that heartbeats say to each other is longer, so whoever sends more is not one. */
const longestLine = 16 * 1024;

type Line = { id: number; ask?: unknown; answer?: unknown; fault?: string };

/** Questions and answers as lines of JSON on one socket, both ways at once. Ends the socket at the first line that is not one. */
export class LineChannel {
  readonly #socket: Socket;
  readonly #answer: (request: unknown) => Promise<unknown>;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #rest = '';
  #nextId = 1;

  constructor(socket: Socket, answer: (request: unknown) => Promise<unknown>) {
    this.#socket = socket;
    this.#answer = answer;
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#received(chunk));
    socket.on('close', () => this.#rejectAll());
  }

  ask(request: unknown, timeoutMs: number): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error('the peer did not answer in time'));
      }, timeoutMs);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          settle(value);
        };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.#send({ id, ask: request });
    });
  }

  #received(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > longestLine) {
      this.#socket.destroy(new Error('the peer sent a line that is too long'));
      return;
    }
    for (const line of lines) this.#line(line);
  }

  #line(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
      if (typeof line?.id !== 'number') throw new TypeError('a line without an id');
    } catch (error) {
      this.#socket.destroy(new Error('the peer sent something else than lines of JSON', { cause: error }));
      return;
    }
    if ('ask' in line) {
      this.#answer(line.ask).then(
        (answer) => this.#send({ id: line.id, answer }),
        (error: unknown) => this.#send({ id: line.id, fault: String(error).slice(0, 500) }),
      );
      return;
    }
    const waiting = this.#waiting.get(line.id);
    if (line.fault === undefined) waiting?.resolve(line.answer);
    else waiting?.reject(new Error(line.fault));
  }

  #send(line: Line): void {
    // A peer that reads nothing must not fill our memory: what waits longer than a lease is worth nothing anyway.
    if (this.#socket.destroyed || this.#socket.writableLength > 4 * longestLine) return;
    this.#socket.write(`${JSON.stringify(line)}\n`);
  }

  #rejectAll(): void {
    for (const { reject } of [...this.#waiting.values()]) reject(new Error('the connection to the peer ended'));
  }
}
