import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { ConfigFault } from '@hotstandby/config';
import {
  decodeText,
  importFiles,
  writeSettings,
  type Imported,
  type OldFile,
  type Wrong,
} from '@hotstandby/config/import';
import { CodedError, exitCodes } from '@hotstandby/contracts';
import { jsonText, tellFault, type Output } from '@hotstandby/services/cli';
import { importText, missingText } from './import-text.ts';
import type { ImportRequest } from './program.ts';

/** Such files have a few hundred bytes. */
const mostBytes = 1_048_576;

interface Result extends Imported {
  /** The configuration, or what of it there is so far. */
  yaml: string;
  /** Fields that nothing of the old system says. */
  missing: string[];
  /** What is wrong with the configuration that the settings would go into. */
  faults: ConfigFault[];
  written: string | null;
}

/** Takes over configurations of older systems. 0: done, or shown; 78: something is wrong, and nothing was written. */
export async function importCommand(files: string[], { out, check }: ImportRequest, output: Output): Promise<number> {
  try {
    const result = await importInto(files, out, check);
    const good = result.wrong.length === 0 && result.faults.length === 0;
    if (output.json) output.out(jsonText(result, 2));
    else for (const line of importText(result, out, check, output.paint)) output.out(line);
    return good ? exitCodes.ok : exitCodes.configuration;
  } catch (error) {
    return tellFault(error, output);
  }
}

async function importInto(files: string[], out: string | undefined, check: boolean): Promise<Result> {
  const unreadable: Wrong[] = [];
  const read: OldFile[] = [];
  for (const file of files) {
    const text = await readOld(file, unreadable);
    if (text !== null) read.push({ name: file, text, home: homeOf(file) });
  }
  const imported = importFiles(read);
  const wrong = [...unreadable, ...imported.wrong];
  const before = out === undefined ? null : await readConfiguration(out);
  const { text, faults } = writeSettings(before ?? '', imported.settings);
  // A new file waits for what the old system never said; one that was complete must stay complete.
  const missing = before === null ? faults.filter(({ got }) => got === 'nothing').map(({ field }) => field) : [];
  const broken = faults.filter(({ field }) => !missing.includes(field));
  const yaml = before === null ? `${missingText(missing)}${text}` : text;
  const result: Result = { ...imported, wrong, yaml, missing, faults: wrong.length > 0 ? [] : broken, written: null };
  if (out === undefined || check || wrong.length > 0 || broken.length > 0) return result;
  await replaceFile(resolve(out), yaml);
  return { ...result, written: out };
}

/** Null, and said, when it cannot be taken. */
async function readOld(file: string, wrong: Wrong[]): Promise<string | null> {
  const refuse = (what: string, expected: string, cure: string): null => {
    wrong.push({ file, line: null, what, expected, cure });
    return null;
  };
  try {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    const about = await stat(file);
    if (!about.isFile())
      return refuse(about.isDirectory() ? 'a folder' : 'no regular file', 'a file', 'Name the file itself.');
    if (about.size > mostBytes)
      return refuse(`${about.size} bytes`, `at most ${mostBytes} bytes`, 'Give the file itself.');
    const text = decodeText(await readBounded(file));
    return text ?? refuse('bytes that are no text', 'text', 'Give the file as the old system has it.');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return refuse(code, 'a file that can be read', 'Check the path and its permissions.');
  }
}

async function readBounded(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const bytes = new Uint8Array(mostBytes);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, mostBytes - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === mostBytes) return bytes.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

/** Names in a FailOver.xml are relative to the folder above the `conf` that it lies in. */
function homeOf(file: string): string | null {
  const folder = dirname(resolve(file));
  return basename(folder) === 'conf' ? dirname(folder) : null;
}

/** Null: there is none yet. */
async function readConfiguration(out: string): Promise<string | null> {
  try {
    return await readFile(out, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new CodedError('HS_IMPORT_WRITE', `${out}: ${code ?? String(error)}`, { cause: error });
  }
}

/** The whole new text or the old one, whatever happens in between. */
async function replaceFile(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  try {
    const mode = await stat(file).then(
      (about) => about.mode & 0o777,
      () => 0o640,
    );
    await writeFile(beside, text, { mode, flag: 'wx', flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CodedError('HS_IMPORT_WRITE', `${file}: ${code}`, { cause: error });
  }
}
