import { errorCodes, type ErrorCode } from './error-codes.ts';
import { commandExitCode, serviceExitCode } from './exit-codes.ts';

/** The text of docs/errors.md. */
export function printErrors(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = Object.entries(errorCodes).map(([code, [meaning, cure]]) => {
    const exits = `${serviceExitCode(code as ErrorCode)} / ${commandExitCode(code as ErrorCode)}`;
    return `| \`${code}\` | ${cell(meaning)} | ${cell(cure)} | ${exits} |`;
  });
  return `# Errors

Every error that a person can meet has a permanent code. It stands in the log, on standard error, in events, in the
console's answers (\`{ "code", "message", "cure" }\`) and in the CLI's output; the message beside it says what happened
where. This page is made from \`libs/contracts/src/error-codes.ts\` and checked by a test;
\`npx vitest run --project unit libs/contracts --update\` writes it again.

The exit codes are a service's when it cannot start for this reason, and the CLI's when a command ends with it:
75 may pass by itself (a supervisor starts the service again), 78 needs a person; docs/cli.md lists the CLI's.

| Code | Meaning | Cure | Exit: service / CLI |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
