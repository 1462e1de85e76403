import { exitCodes, type HistoryAnswer, type RecordKind, type RecordsAnswer } from '@hotstandby/contracts';
import type { Clock, History, RecordReader, TelemetryKind } from '@hotstandby/ports';
import { within } from '../../pair-view/index.ts';
import { historyText } from '../history-text.ts';
import { jsonText, type Output } from '../output.ts';
import { recordsText } from '../records-text.ts';

const timeoutMs = 10_000;
const late = {
  code: 'HS_STORE_UNREACHABLE',
  message: `the store did not answer within ${timeoutMs / 1000} s`,
} as const;
const kindOf: Record<RecordKind, TelemetryKind> = { syslog: 'syslog', traps: 'trap', flows: 'flow' };

/** The last transitions, from the store. Throws what the store throws. */
export async function historyCommand(
  last: number,
  { history, clock }: { history: History; clock: Clock },
  output: Output,
): Promise<number> {
  const transitions = await within(clock, timeoutMs, history.list(last), late);
  if (output.json) output.out(jsonText({ transitions } satisfies HistoryAnswer, 2));
  else for (const line of historyText(transitions, output.paint)) output.out(line);
  return exitCodes.ok;
}

/** The last records of a kind, from the store. Throws what the store throws. */
export async function recordsCommand(
  kind: RecordKind,
  last: number,
  { records, clock }: { records: RecordReader; clock: Clock },
  output: Output,
): Promise<number> {
  const rows = await within(clock, timeoutMs, records.last(kindOf[kind], last), late);
  if (output.json) output.out(jsonText({ kind, records: rows } satisfies RecordsAnswer, 2));
  else for (const line of recordsText(kind, rows, output.paint)) output.out(line);
  return exitCodes.ok;
}
