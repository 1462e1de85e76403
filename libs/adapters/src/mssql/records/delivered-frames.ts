import { id, type Parameter } from '../parameters.ts';
import { text } from '../rows.ts';
import type { Session } from '../session.ts';
import { messageKey } from './message-key.ts';

/** A call may have 2100 parameters; few sizes, so that the server keeps few plans. */
const sizes = [10, 100, 1000] as const;

/** Those of the messages that are marked. */
export async function findDelivered(
  session: Session,
  timeoutMs: number,
  schema: string,
  messageIds: readonly string[],
): Promise<Set<string>> {
  const idsOfKey = Map.groupBy(messageIds, messageKey);
  const keys = [...idsOfKey.keys()];
  const found = new Set<string>();
  for (let at = 0; at < keys.length;) {
    const size = sizes.find((one) => one >= keys.length - at) ?? sizes[2];
    const named = Array.from({ length: size }, (_, index): [string, Parameter] => [
      `m${index}`,
      id(keys[at + index] ?? null),
    ]);
    const statement = { text: findStatement(schema, size), parameters: Object.fromEntries(named) };
    const [rows = []] = await session.run(statement, timeoutMs);
    for (const row of rows) for (const one of idsOfKey.get(text(row, 'messageId')) ?? []) found.add(one);
    at += size;
  }
  return found;
}

/** `schema` is quoted. Places that are left are NULL, which equals nothing. */
export function findStatement(schema: string, size: number): string {
  const names = Array.from({ length: size }, (_, index) => `@m${index}`).join(', ');
  return `SELECT d.message_id AS [messageId] FROM ${schema}.delivered_frame AS d WHERE d.message_id IN (${names});`;
}
