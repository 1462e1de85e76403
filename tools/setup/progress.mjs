// What set-up tells a person: on stderr, so that a report on stdout (`--json`) stays clean.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';

/** Something that stops set-up, with what the person can do about it. */
export class Fault extends Error {
  /** @param {string} message @param {string} cure @param {number} [exitCode] */
  constructor(message, cure, exitCode = 1) {
    super(message);
    this.cure = cure;
    this.exitCode = exitCode;
  }
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Prints the fault and its cure; returns the exit code. */
export function fail(fault) {
  say(`\n${fault.message}`);
  if (fault.cure) say(`Cure: ${fault.cure}`);
  return fault.exitCode;
}

/**
 * Runs a program with its output in a log file and a line that tells how long it has been going on. Resolves with the
 * exit code (127 when it could not be started).
 */
export function runQuietly(what, program, args, { log, cwd, env = {} }) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const tty = process.stderr.isTTY;
  if (!tty) say(`${what} ...`);
  const ticker = setInterval(
    () => (tty ? process.stderr.write(`\r${what} ... ${seconds()} s`) : say(`${what} ... ${seconds()} s`)),
    tty ? 250 : 15_000,
  );
  return new Promise((resolve) => {
    const output = createWriteStream(log, { flags: 'a' });
    output.write(`\n$ ${program} ${args.join(' ')}\n`);
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    let startFault = null;
    child.on('error', (error) => {
      startFault = error;
    });
    child.on('close', (code) => {
      clearInterval(ticker);
      const ended = startFault ? 127 : (code ?? 1);
      if (startFault) output.write(`${startFault.message}\n`);
      if (tty) process.stderr.write(`\r${what}: ${ended === 0 ? 'done' : 'failed'} in ${seconds()} s\n`);
      else if (ended !== 0) say(`${what}: failed in ${seconds()} s`);
      output.end(() => resolve(ended));
    });
  });
}

/** The last lines of a log, for an error message. */
export function tail(log, lines = 15) {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no output)';
  }
}
