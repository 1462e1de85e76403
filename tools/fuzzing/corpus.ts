import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
const fileOf = (name: string) => path.join(fixtures, 'fuzz', `${name}.txt`);

/** Inputs that once reached something new, or were findings: octets in hex, one a line. */
export function readCorpus(name: string): Uint8Array[] {
  return existsSync(fileOf(name)) ? linesOf(fileOf(name)) : [];
}

/** Datagrams of real senders. */
export const readDatagrams = (name: string): Uint8Array[] => linesOf(path.join(fixtures, 'datagrams', `${name}.txt`));

export function writeCorpus(name: string, inputs: readonly Uint8Array[]): string {
  const head = `# Inputs of \`npm run fuzz -- --decoder ${name}\`: octets in hex, one a line.`;
  mkdirSync(path.dirname(fileOf(name)), { recursive: true });
  const lines = inputs.map((input) => Buffer.from(input).toString('hex'));
  writeFileSync(fileOf(name), `${[head, ...new Set(lines)].join('\n')}\n`);
  return fileOf(name);
}

function linesOf(file: string): Uint8Array[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Uint8Array.from(Buffer.from(line.split(' ').at(-1) ?? '', 'hex')));
}
