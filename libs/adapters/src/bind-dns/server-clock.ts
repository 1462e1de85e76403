import { spawn } from 'node:child_process';
import { ended, nsupdateArgs, type NsupdateResult } from './ready-nsupdate.ts';
import type { Signer } from './signer.ts';

/** One transaction by an `nsupdate` that also shows the server's answer as it came (`-d`). Never throws. */
export function runShowing(path: string, signer: Signer, script: string): Promise<NsupdateResult> {
  const args = [...nsupdateArgs, '-d', ...signer.args];
  const env = { ...signer.environment, LC_ALL: 'C' };
  const child = spawn(path, args, { stdio: ['pipe', 'ignore', 'pipe'], env });
  child.stdin.on('error', () => {});
  return ended(child, script, signer.limitMs);
}

/**
 * The server's wall clock, in ms since 1970 and to the second, from the signature of its answer as nsupdate shows it: the
 * time of signing, or, when it refuses the time of the question (BADTIME, RFC 8945 section 5.2.3), what it says besides.
 * Null: the answer bears no signature, or (Samba) one that does not verify.
 */
export function serverTimeMs(shown: string): number | null {
  const answer = shown.slice(shown.lastIndexOf('Reply from'));
  // Long signatures are printed in pieces.
  const found = /\bTSIG\s+\S+ (\d{9,15}) \d+ [1-9]\d* \S.* \d{1,5} ([A-Z]+) \d+ ?(\S*)\s*$/m.exec(answer);
  if (!shown.includes('Reply from') || shown.includes('tsig verify failure') || !found) return null;
  const [, signed, error, other = ''] = found;
  if (error !== 'BADTIME') return Number(signed) * 1000;
  const bytes = Buffer.from(other, 'base64');
  return bytes.length === 6 ? bytes.readUIntBE(0, 6) * 1000 : null;
}
