import type { Session } from '../session.ts';

/** `PGCOPY\n\377\r\n\0`, no flags, no header extension. */
const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);

/** One binary COPY of tuples; they may be made while it is under way. `table` with its schema, quoted. */
export async function copyTuples(
  session: Session,
  timeoutMs: number,
  table: string,
  columns: readonly string[],
  tuples: Iterable<Buffer>,
): Promise<void> {
  await session.copy(
    `copy ${table} (${columns.join(', ')}) from stdin with (format binary)`,
    streamOf(tuples),
    timeoutMs,
  );
}

function* streamOf(tuples: Iterable<Buffer>): Generator<Buffer> {
  yield header;
  yield* tuples;
  yield trailer;
}
