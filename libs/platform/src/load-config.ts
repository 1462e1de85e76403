import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { anchorPaths, parseConfig, type ConfigFault, type NodeConfig } from '@hotstandby/config';

/** A fault of the configuration, its reading included. */
export interface LoadFault extends Omit<ConfigFault, 'code'> {
  code: ConfigFault['code'] | 'HS_CONFIG_MISSING' | 'HS_POLICY_MISMATCH';
}

export type LoadResult = { ok: true; config: NodeConfig; file: string } | { ok: false; faults: LoadFault[] };

const inWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT)',
  EACCES: 'this user may not read it (EACCES)',
  EISDIR: 'it is a folder (EISDIR)',
};

/** Reads and validates one node's configuration, its relative paths taken from the file's folder; every fault at once, none thrown. */
export async function loadConfig(file: string | undefined): Promise<LoadResult> {
  const missing = (got: string): LoadResult => ({
    ok: false,
    faults: [
      {
        code: 'HS_CONFIG_MISSING',
        field: '',
        expected: 'a configuration file that can be read',
        got,
        cure: 'Give its path with --config or HOTSTANDBY_CONFIG.',
      },
    ],
  });
  if (!file) return missing('no path');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return missing(`${file}: ${inWords[code ?? ''] ?? code ?? String(error)}`);
  }
  const result = parseConfig(text);
  if (!result.ok) return result;
  return { ok: true, config: anchorPaths(result.config, resolve(dirname(file))), file };
}

/** A fault on one line: code, field, expected, got, cure. */
export function faultLine(fault: LoadFault): string {
  const field = fault.field || '(the file)';
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return `${fault.code} ${field}: expected ${oneLine(fault.expected)}; got ${oneLine(fault.got)}; cure: ${oneLine(fault.cure)}`;
}
