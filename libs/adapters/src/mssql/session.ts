import type { Socket } from 'node:net';
import { StoreError } from '@hotstandby/ports';
import { Request, type Connection } from 'tedious';
import { bulkLoad, type BulkTable } from './bulk-load.ts';
import { numberOf, ownErrors, statementFault } from './faults.ts';
import { openConnection } from './open-connection.ts';
import type { MssqlOptions } from './options.ts';
import { addParameters, type Parameters } from './parameters.ts';
import { factsOf, factsStatement, unknownFacts, type ServerFacts } from './server-facts.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  text: string;
  /** With them the text goes to `sp_executesql`; without, as a batch of its own. */
  parameters?: Parameters;
}

/**
 * One connection, used by one statement at a time. Once a statement's answer is overdue the connection is gone for good:
 * a late answer must never be taken for another statement's.
 */
export class Session {
  #facts: ServerFacts = unknownFacts;
  readonly #connection: Connection;
  readonly #socket: Socket;
  #alive = true;
  #unsettled = false;

  private constructor(connection: Connection, socket: Socket, end: AbortSignal) {
    this.#connection = connection;
    this.#socket = socket;
    const destroy = () => this.destroy();
    end.addEventListener('abort', destroy);
    socket.once('close', () => {
      this.#alive = false;
      end.removeEventListener('abort', destroy);
    });
    connection.on('end', () => (this.#alive = false));
  }

  /**
   * Throws `StoreError`, never `unknown`: until it resolves nothing but looks was sent. `end` closes the session, whatever
   * it is at.
   */
  static async open(
    options: MssqlOptions,
    lockTimeoutMs: number,
    timeoutMs: number,
    end: AbortSignal,
  ): Promise<Session> {
    const { connection, socket } = await openConnection(options, end);
    const session = new Session(connection, socket, end);
    try {
      const [rows] = await session.run({ text: factsStatement(lockTimeoutMs) }, timeoutMs);
      session.#facts = factsOf(rows?.[0]);
      if (end.aborted) throw new StoreError('unreachable', 'the connection is closed');
      return session;
    } catch (error) {
      session.destroy();
      throw looked(error);
    }
  }

  facts(): ServerFacts {
    return this.#facts;
  }

  alive(): boolean {
    return this.#alive;
  }

  /** A statement was sent whose outcome is not known: the server may still be at it. */
  unsettled(): boolean {
    return this.#unsettled;
  }

  /** The rows of each result. Throws `StoreError`. */
  run(statement: Statement, timeoutMs: number): Promise<Row[][]> {
    return this.#judged(() => execute(this.#connection, statement, timeoutMs));
  }

  /** Rows into a table of this session's own. Throws `StoreError`. */
  bulk(table: BulkTable, rows: Iterable<unknown[]>, timeoutMs: number): Promise<void> {
    return this.#judged(() => bulkLoad(this.#connection, table, rows, timeoutMs));
  }

  async #judged<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#alive) throw new StoreError('unreachable', 'the connection is closed');
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.fault === 'unknown') this.#unsettled = true;
      if (error.fault === 'unknown' || numberOf(error.cause) === ownErrors.sessionEnded) this.destroy();
      throw error;
    }
  }

  /** Ends the connection at once; the driver tells whoever waits. */
  destroy(): void {
    this.#alive = false;
    this.#connection.close();
    this.#socket.destroy();
  }
}

/** Where only looks were sent, nothing was carried out, whatever happened to them. */
export function looked(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.fault !== 'unknown') return error;
  return new StoreError('unreachable', error.message, { cause: error });
}

function execute(connection: Connection, { text, parameters }: Statement, timeoutMs: number): Promise<Row[][]> {
  return new Promise((resolve, reject) => {
    const results: Row[][] = [];
    const timer = setTimeout(() => reject(new StoreError('unknown', `no answer within ${timeoutMs} ms`)), timeoutMs);
    const request = new Request(text, (error) => {
      clearTimeout(timer);
      if (error) reject(statementFault(error));
      else resolve(results);
    });
    request.on('columnMetadata', () => results.push([]));
    request.on('row', (columns: { value: unknown; metadata: { colName: string } }[]) => {
      results.at(-1)?.push(Object.fromEntries(columns.map(({ value, metadata }) => [metadata.colName, value])));
    });
    try {
      if (!parameters) connection.execSqlBatch(request);
      else {
        addParameters(request, parameters);
        connection.execSql(request);
      }
    } catch (error) {
      // Before anything was sent.
      clearTimeout(timer);
      reject(error);
    }
  });
}
