import type { ConfigFault } from '@hotstandby/config';
import type { Imported, Place, Setting } from '@hotstandby/config/import';
import { faultLine } from '@hotstandby/platform/load-config';
import type { painter } from '@hotstandby/services/cli';

interface Shown extends Imported {
  yaml: string;
  missing: string[];
  faults: ConfigFault[];
  written: string | null;
}

type Paint = ReturnType<typeof painter>;

/** What an import found and did: what each thing became and why, what has no counterpart, what is wrong. */
export function importText(shown: Shown, out: string | undefined, check: boolean, paint: Paint): string[] {
  const { taken, leftOut, wrong, faults, missing, written, yaml } = shown;
  const lines: string[] = [];
  const part = (title: string, of: string[][]) => {
    if (of.length > 0) lines.push(paint('bold', title), ...of.flat(), '');
  };
  part(
    'taken over',
    taken.map(({ became, why, ...place }) => [
      `  ${at(place)}`,
      `      -> ${became.map(setting).join(', ')}`,
      `      ${paint('grey', why)}`,
    ]),
  );
  part(
    'without a counterpart',
    leftOut.map(({ why, ...place }) => [`  ${at(place)}`, `      ${paint('grey', why)}`]),
  );
  part(
    paint('red', 'wrong'),
    wrong.map(({ expected, cure, ...place }) => [
      `  ${at(place)} (HS_IMPORT_INVALID)`,
      `      expected ${expected}`,
      `      cure: ${cure}`,
    ]),
  );
  part(
    paint('red', `wrong in ${out ?? 'the configuration'} with these settings`),
    faults.map((fault) => [`  ${faultLine(fault)}`]),
  );
  const good = wrong.length === 0 && faults.length === 0;
  if (!good) return [...lines, 'Nothing was written.'];
  if (out === undefined)
    part('as it stands in a configuration', [
      yaml
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ]);
  else if (missing.length > 0)
    part('still to be filled in (docs/configuration.md)', [missing.map((field) => `  ${field}`)]);
  if (written !== null) lines.push(`${paint('green', 'written')} ${written}`);
  else if (check) lines.push(`${paint('green', 'good')}; nothing was written, as --check says.`);
  else lines.push('Nothing was written: --out FILE names the configuration.');
  return lines;
}

/** The head of a new file. */
export function missingText(missing: string[]): string {
  if (missing.length === 0) return '';
  const fields = missing.map((field) => `#   ${field}\n`).join('');
  return `# Still to be filled in, see docs/configuration.md; hotstandby check tells what is missing:\n${fields}`;
}

function at({ file, line, what }: Place): string {
  return `${file}${line === null ? '' : `:${line}`}  ${what.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')}`;
}

function setting({ field, value }: Setting): string {
  return value === undefined ? `no ${field} of its own` : `${field}: ${JSON.stringify(value)}`;
}
