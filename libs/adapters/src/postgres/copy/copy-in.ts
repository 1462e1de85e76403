import type { Connection, Submittable } from 'pg';

/** So much may wait in the connection: more would only lie there twice. */
const mostWaitingBytes = 1024 * 1024;

const copyData = 0x64;
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/** What `pg` has and its types do not tell. */
interface CopyConnection extends Connection {
  sendCopyFail(message: string): void;
}

/**
 * A `copy ... from stdin` as `pg` runs queries (PostgreSQL's documentation of the protocol, "COPY Operations"). Chunks go out
 * as fast as the connection takes them: not one for each turn of the event loop, which another batch's decoding makes long.
 */
export class CopyIn implements Submittable {
  readonly #text: string;
  readonly #chunks: Iterator<Uint8Array>;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  /** What went wrong on this side; the server is told and answers with an error of its own. */
  #failure: { error: unknown } | null = null;
  #over = false;

  constructor(
    text: string,
    chunks: Iterable<Uint8Array>,
    settle: { resolve: () => void; reject: (error: unknown) => void },
  ) {
    this.#text = text;
    this.#chunks = chunks[Symbol.iterator]();
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.#send(connection);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#over = true;
    this.#resolve();
  }

  /** The server reads over whatever still comes of the copy. */
  handleError(error: unknown): void {
    this.#over = true;
    this.#reject(this.#failure ? this.#failure.error : error);
  }

  #send(connection: CopyConnection): void {
    if (this.#over) return;
    const { stream } = connection;
    stream.cork();
    try {
      while (stream.writableLength < mostWaitingBytes) {
        const { value, done } = this.#chunks.next();
        if (done) {
          stream.write(copyDone);
          return;
        }
        const head = Buffer.allocUnsafe(5);
        head[0] = copyData;
        head.writeUInt32BE(value.length + 4, 1);
        stream.write(head);
        stream.write(value);
      }
      stream.once('drain', () => this.#send(connection));
    } catch (error) {
      this.#failure = { error };
      connection.sendCopyFail(error instanceof Error ? error.message : String(error));
    } finally {
      stream.uncork();
    }
  }
}
