import { exitCodes } from '@hotstandby/contracts';
import { painter, tellFault, type Output } from '@hotstandby/services/cli';
import { makeCommands } from './commands.ts';
import { runCommandLine } from './program.ts';

const colours = (stream: NodeJS.WriteStream) => stream.isTTY === true && !process.env.NO_COLOR;
const outputFor = (json: boolean): Output => ({
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  paint: painter(colours(process.stdout) && !json),
  json,
});

// `hotstandby events | head` ends without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 0 : exitCodes.software),
);

const stopping = new AbortController();
const stop = (code: number) => {
  if (stopping.signal.aborted) process.exit(code);
  stopping.abort();
  // What follows ends by itself; what only asks is left where it is.
  setTimeout(() => process.exit(code), 1000).unref();
};
process.on('SIGINT', () => stop(130));
process.on('SIGTERM', () => stop(143));

let code: number;
try {
  code = await runCommandLine(process.argv.slice(2), makeCommands(outputFor, stopping.signal), {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  });
} catch (error) {
  code = tellFault(error, outputFor(false));
}
// What was written to a pipe is still on its way.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(code);
