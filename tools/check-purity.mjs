// core and decoders are pure: no clock, no chance, no promise, no timer, no log. The compiler already hides most of it
// (`types: []`); this names what belongs to the language itself. `check-purity.mjs [ROOT]`; exit 1 when there is any.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const forbidden = [
  [/\basync\b/, 'async'],
  [/\bawait\b/, 'await'],
  [/\bPromise\b/, 'Promise'],
  [/\bDate\.now\b|\bnew Date\(\s*\)/, 'the wall clock'],
  [/\bMath\.random\b/, 'chance'],
  [/\bglobalThis\b/, 'globalThis'],
  [/\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'a timer'],
  [/\bconsole\./, 'a log'],
  [/\bprocess\./, 'process'],
];
/** Services are asynchronous, but their time and chance come through ports. */
const forbiddenInServices = forbidden.filter(([, what]) => !['async', 'await', 'Promise'].includes(what));

export function checkPurity(root) {
  const faults = [];
  for (const [folder, rules] of [
    ['libs/core/src', forbidden],
    ['libs/decoders/src', forbidden],
    ['libs/services/src', forbiddenInServices],
  ]) {
    for (const file of sourceFiles(join(root, folder))) {
      for (const [index, line] of withoutComments(readFileSync(file, 'utf8')).split('\n').entries()) {
        for (const [pattern, what] of rules) {
          if (pattern.test(line)) faults.push(`${relative(root, file)}:${index + 1}: ${what} has no place here`);
        }
      }
    }
  }
  return faults;
}

/** Comments and the text of strings go; line numbers stay. */
function withoutComments(source) {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

function* sourceFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts')) yield path;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = checkPurity(resolve(process.argv[2] ?? '.'));
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? 'purity: kept' : `purity: ${faults.length} broken`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
