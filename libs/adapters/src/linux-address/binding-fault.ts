import { CodedError, type ErrorCode } from '@hotstandby/contracts';

/** The last line of what `ip` said, without its own prefix. */
const lastLine = (stderr: string): string =>
  stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^(RTNETLINK answers|Error): /, '') ?? '';

/** A refusal of `ip` as an error with a code. */
export function bindingFault(what: string, stderr: string): CodedError {
  let code: ErrorCode = 'HS_BINDING_FAILED';
  if (/not permitted|Permission denied/i.test(stderr)) code = 'HS_BINDING_PERMISSION';
  else if (/Cannot find device|does not exist/i.test(stderr)) code = 'HS_BINDING_INTERFACE';
  else if (isPresent(stderr)) code = 'HS_BINDING_FOREIGN';
  return new CodedError(code, `${what}: ${lastLine(stderr)}`);
}

/** Removing failed because there was nothing to remove. */
export const isAbsent = (stderr: string): boolean =>
  /Address not found|Cannot assign requested address|Cannot find device|does not exist/i.test(stderr);

/** Adding failed because the address is there. */
const isPresent = (stderr: string): boolean => /already assigned|File exists/i.test(stderr);
