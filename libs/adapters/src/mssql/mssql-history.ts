import { StoreError, type History, type Transition } from '@hotstandby/ports';
import { checkIdentity, checkWritable, readIdentity } from './identity.ts';
import { lockTimeoutMsOf, statementTimeoutMsOf, type MssqlOptions } from './options.ts';
import { bigint, id, instant, int, text, type Parameters } from './parameters.ts';
import { prepareSchema } from './prepare-schema.ts';
import { quoteName } from './quote.ts';
import { count, text as textOf } from './rows.ts';
import { Session, type Row } from './session.ts';

/** Transitions in SQL Server, on a connection of their own. Throws `StoreError`. */
export class MssqlHistory implements History {
  readonly #options: MssqlOptions;
  #session: Session | null = null;
  #storeId: string | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: MssqlOptions) {
    this.#options = { applicationName: 'hotstandby history', ...options };
  }

  async append(transitions: Transition[]): Promise<void> {
    if (transitions.length === 0) return;
    const statement = appendStatement(this.#options.store.schema);
    await this.#inOrder(async () => {
      this.#storeId ??= (await prepareSchema(this.#options, null, this.#ending.signal)).storeId;
      for (const transition of transitions) await this.#run(statement, parametersOf(transition));
    });
  }

  async list(limit: number): Promise<Transition[]> {
    const statement = listStatement(this.#options.store.schema);
    const [rows] = await this.#inOrder(() => this.#run(statement, { limit: int(limit) }));
    return (rows ?? []).map(transitionOf);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#session = null;
    await this.#tail;
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#tail.then(() => {
      if (this.#ending.signal.aborted) throw new StoreError('unreachable', 'the connection is closed');
      return work();
    });
    this.#tail = next.catch(() => {});
    return next;
  }

  async #run(statement: string, parameters: Parameters): Promise<Row[][]> {
    const session = this.#session?.alive() ? this.#session : await this.#open();
    try {
      return await session.run({ text: statement, parameters }, statementTimeoutMsOf(this.#options));
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  async #open(): Promise<Session> {
    const timeoutMs = statementTimeoutMsOf(this.#options);
    const session = await Session.open(this.#options, lockTimeoutMsOf(timeoutMs), timeoutMs, this.#ending.signal);
    try {
      checkWritable(session);
      const identity = await readIdentity(session, this.#options, timeoutMs);
      const { schema } = this.#options.store;
      if (!identity) throw new StoreError('unreachable', `there is no schema "${schema}" in the store`);
      checkIdentity(identity, this.#options, this.#storeId);
    } catch (error) {
      session.destroy();
      throw error;
    }
    this.#session = session;
    return session;
  }
}

/** Twice the same at once: the second waits for the first's row and then finds it. */
export function appendStatement(schema: string): string {
  const table = `${quoteName(schema)}.[transition]`;
  return `SET NOCOUNT ON;
BEGIN TRY
  INSERT INTO ${table} (id, [at], epoch, node, node_id, from_role, to_role, [rule], evidence, [operator])
  SELECT @id, @at, @epoch, @node, @node_id, @from_role, @to_role, @rule, @evidence, @operator
   WHERE NOT EXISTS (SELECT 1 FROM ${table} AS t WHERE t.id = @id);
END TRY
BEGIN CATCH
  IF ERROR_NUMBER() NOT IN (2601, 2627) BEGIN; THROW; END;
END CATCH;`;
}

export function listStatement(schema: string): string {
  return `SELECT TOP (@limit) t.id AS [id], t.[at] AS [at], t.epoch AS [epoch], t.node AS [node], t.node_id AS [nodeId],
  t.from_role AS [from], t.to_role AS [to], t.[rule] AS [rule], t.evidence AS [evidence], t.[operator] AS [operator]
 FROM ${quoteName(schema)}.[transition] AS t ORDER BY t.[at] DESC, t.id DESC;`;
}

function parametersOf(transition: Transition): Parameters {
  return {
    id: id(transition.id),
    at: instant(new Date(transition.at)),
    epoch: bigint(transition.epoch),
    node: id(transition.node),
    node_id: id(transition.nodeId),
    from_role: id(transition.from),
    to_role: id(transition.to),
    rule: id(transition.rule),
    evidence: text(JSON.stringify(transition.evidence)),
    operator: text(transition.operator),
  };
}

function transitionOf(row: Row): Transition {
  const at = row['at'];
  const operator = row['operator'];
  return {
    id: textOf(row, 'id'),
    node: textOf(row, 'node'),
    nodeId: textOf(row, 'nodeId'),
    epoch: count(row, 'epoch'),
    from: textOf(row, 'from'),
    to: textOf(row, 'to'),
    rule: textOf(row, 'rule'),
    evidence: JSON.parse(textOf(row, 'evidence')) as Record<string, unknown>,
    operator: typeof operator === 'string' ? operator : null,
    at: at instanceof Date ? at.toISOString() : String(at),
  };
}
