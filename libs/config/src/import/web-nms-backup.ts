import type { Findings } from './findings.ts';
import { leaveUnknown, only, type Tag } from './read-tags.ts';
import { trueOrFalse, wholeNumber } from './timing.ts';

const defaultIntervalSeconds = 600;

/** `<BACKUP>`: which files follow the active, and how often. `home`: the folder that its names are relative to. */
export function takeBackup(backup: Tag, home: string | null, findings: Findings): void {
  leaveUnknown(backup, ['ENABLED', 'BACKUP_INTERVAL'], ['INCLUDE', 'EXCLUDE'], findings);
  const switched = backup.attributes.get('ENABLED');
  const enabled = switched ? trueOrFalse(findings, switched.value, switched.place) : true;
  const place = switched?.place ?? backup.place;
  if (enabled === false) {
    findings.take(place, [{ field: 'fileSync', value: { enabled: false } }], 'No files follow the active.');
    return;
  }
  findings.take(
    place,
    [{ field: 'fileSync.enabled', value: true }, ...(home === null ? [] : [{ field: 'fileSync.root', value: home }])],
    home === null
      ? 'Files follow the active. Names are relative to the folder that fileSync.root names: give the Web NMS Home there.'
      : 'Files follow the active; the file lies in the folder conf of this Web NMS Home.',
  );

  const interval = backup.attributes.get('BACKUP_INTERVAL');
  const seconds = interval ? wholeNumber(findings, interval.value, interval.place) : defaultIntervalSeconds;
  if (seconds !== undefined) {
    findings.take(
      interval?.place ?? { ...backup.place, what: `BACKUP_INTERVAL is not there, so ${defaultIntervalSeconds}` },
      [{ field: 'fileSync.intervalSeconds', value: seconds }],
      'Every file is compared so often; a change on the active is brought at once besides.',
    );
  }
  const include = takeSelection(only(backup, 'INCLUDE', findings), 'include', findings);
  takeSelection(only(backup, 'EXCLUDE', findings), 'exclude', findings);
  if (!include) {
    findings.leave(
      { ...backup.place, what: 'INCLUDE names nothing' },
      "Web NMS then backs up files of its own choice. Name the folders under fileSync.include: nothing is synchronised that isn't named.",
    );
  }
}

/** True: it names something. */
function takeSelection(selection: Tag | null, field: 'include' | 'exclude', findings: Findings): boolean {
  if (!selection) return false;
  leaveUnknown(selection, [], ['DIR', 'FILE'], findings);
  let named = false;
  for (const [name, list] of [
    ['DIR', 'directories'],
    ['FILE', 'files'],
  ] as const) {
    const tags = selection.tags.filter((tag) => tag.name === name);
    const paths = tags.map((tag) => pathOf(tag, findings)).filter((path) => path !== undefined);
    const [first] = tags;
    if (!first) continue;
    named ||= paths.length > 0;
    findings.take(
      { ...first.place, what: `${selection.name} ${name} ${paths.map((path) => `"${path}"`).join(', ')}` },
      [{ field: `fileSync.${field}.${list}`, value: paths }],
      field === 'include' ? 'They follow the active.' : 'They do not follow the active.',
    );
  }
  return named;
}

function pathOf(tag: Tag, findings: Findings): string | undefined {
  leaveUnknown(tag, ['NAME'], [], findings);
  const attribute = tag.attributes.get('NAME');
  if (!attribute) {
    findings.refuse(tag.place, 'an attribute NAME', 'Name the folder or file, relative to the Web NMS Home.');
    return undefined;
  }
  const path = attribute.value
    .trim()
    .replaceAll('\\', '/')
    .replace(/^\.\/+/, '')
    .replace(/(?<=.)\/+$/, '');
  const inside =
    path !== '' && !/^(\/|[A-Za-z]:)/.test(path) && !path.split('/').includes('..') && !/[\0\n]/.test(path);
  if (inside) return path;
  findings.refuse(attribute.place, 'a name relative to the Web NMS Home, without ..', 'Name what lies inside of it.');
  return undefined;
}
