import { exitCodes } from '@hotstandby/contracts';
import { verifyLedger, type VerifyParts } from '../ledger/verify-ledger.ts';
import { ledgerText } from '../ledger/ledger-text.ts';
import { jsonText, type Output } from '../output.ts';

/** Exit code 0: proven; 1: something is lost or doubled; 69: a node is away, and nobody knows what it had. Throws what the store and the bus throw. */
export async function verifyCommand(spanMs: number, parts: VerifyParts, output: Output): Promise<number> {
  const found = await verifyLedger(spanMs, parts);
  if (output.json) output.out(jsonText(found, 2));
  else for (const line of ledgerText(found, output.paint)) output.out(line);
  if (found.verdict === 'proven') return exitCodes.ok;
  return found.verdict === 'broken' ? exitCodes.negative : exitCodes.unavailable;
}
