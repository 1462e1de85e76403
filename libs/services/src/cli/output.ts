import { commandExitCode } from '@hotstandby/contracts';
import { codedFault } from '../pair-view/index.ts';
import { printable, type Paint } from './text/paint.ts';

/** Where a command writes, and how. */
export interface Output {
  out: (line: string) => void;
  err: (line: string) => void;
  paint: Paint;
  /** Machine output: JSON, one value (or one a line where the answer is a stream). */
  json: boolean;
}

/** JSON of an answer; large integers, which no JSON reader keeps, as decimal strings. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item), indent);
}

/** Tells why a command was not carried out; returns its exit code. */
export function tellFault(error: unknown, { err, paint, json }: Output): number {
  const { code, message, cure } = codedFault(error);
  if (json) {
    err(jsonText({ error: { code, message, cure } }));
  } else {
    err(`${paint('red', 'error')} ${printable(message)} (${code})`);
    err(`${paint('grey', 'cure ')} ${printable(cure)}`);
  }
  return commandExitCode(code);
}
