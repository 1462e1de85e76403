import { spawn } from 'node:child_process';
import { CodedError, type ErrorCode } from '@hotstandby/contracts';

/** What kinit (MIT Kerberos) says, first match first. */
const meanings: readonly [RegExp, ErrorCode, string][] = [
  [/clock skew/i, 'HS_DNS_CLOCK', 'the clocks differ too much for a ticket (KRB_AP_ERR_SKEW)'],
  [/password incorrect|preauthentication failed/i, 'HS_DNS_LOGIN', 'the password is wrong'],
  [/not found in Kerberos database/i, 'HS_DNS_LOGIN', 'it does not know the account'],
  [/credentials have been revoked/i, 'HS_DNS_LOGIN', 'the account is locked or disabled'],
  [/password has expired|password expired/i, 'HS_DNS_LOGIN', 'the password has expired'],
  [/no suitable keys|no key table entry/i, 'HS_DNS_LOGIN', 'the keytab holds no key of the account'],
  [/key table|keytab/i, 'HS_DNS_PASSWORD_FILE', 'kinit cannot read the keytab'],
  [
    /cannot find KDC|cannot resolve|no kdc|cannot find .*configuration/i,
    'HS_DNS_KDC',
    'the host does not know where it is; name it in binding.kerberos.kdcs',
  ],
  [/cannot contact any KDC|unreachable/i, 'HS_DNS_KDC', 'it does not answer'],
];

/** The error that kinit's words mean, in words of ours. */
export function kinitFault(realm: string, stderr: string): CodedError {
  const [, code, message] = meanings.find(([pattern]) => pattern.test(stderr)) ?? [];
  if (code) return new CodedError(code, `KDC of ${realm}: ${message}`);
  return new CodedError('HS_DNS_LOGIN', `KDC of ${realm}: it gives no ticket, and kinit no reason that is known here`);
}

export interface ProgramResult {
  /** Null: killed, because it took longer than the limit. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

const mostOutput = 10_000;

/** One run of a program to its end; `input` goes to its standard input. Never throws. */
export function runProgram(
  path: string,
  args: readonly string[],
  options: { input: string; env: Record<string, string>; limitMs: number; signal: AbortSignal },
): Promise<ProgramResult> {
  const { input, env, limitMs, signal } = options;
  return new Promise((resolve) => {
    const child = spawn(path, args, { stdio: 'pipe', env, cwd: '/' });
    const said = { stdout: '', stderr: '' };
    const kill = () => void child.kill('SIGKILL');
    const limit = setTimeout(kill, limitMs);
    signal.addEventListener('abort', kill, { once: true });
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk: Buffer) => {
        if (said[stream].length < mostOutput) said[stream] += chunk.toString();
      });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const end = (exitCode: number | null) => {
      clearTimeout(limit);
      signal.removeEventListener('abort', kill);
      resolve({ exitCode, ...said });
    };
    child.once('error', () => end(127)).once('close', (code) => end(code));
    if (signal.aborted) kill();
  });
}

/**
 * How long the ticket-granting ticket of `klist` (in the C locale) lasts from its start, by the KDC's own clock; null: not
 * understood.
 */
export function ticketLifeMs(listing: string): number | null {
  const time = String.raw`(\d\d)/(\d\d)/(\d\d(?:\d\d)?) (\d\d):(\d\d):(\d\d)`;
  const line = new RegExp(String.raw`^${time}\s+${time}\s+krbtgt/`, 'm').exec(listing);
  if (!line) return null;
  const [start, end] = [line.slice(1, 7), line.slice(7, 13)].map((parts) => {
    const [month = 0, day = 0, year = 0, ...clock] = parts.map(Number);
    return Date.UTC(year < 100 ? 2000 + year : year, month - 1, day, ...clock);
  });
  const lifeMs = (end ?? 0) - (start ?? 0);
  return lifeMs > 0 ? lifeMs : null;
}
