import { readdir, rm, stat, chmod, appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { subjects } from '@hotstandby/contracts';
import { makePair, until } from './pair.ts';

let pair: Awaited<ReturnType<typeof makePair>>;
afterEach(() => pair.end());

it('brings files, edits, modes and removals of the active to the standby at once', async () => {
  // A root that needs quoting everywhere.
  pair = await makePair({ rootName: "it's a $(root) %d" });
  const { a, b } = pair;
  const odd = [
    '-rf',
    'a b/c d',
    'new\nline',
    'ü/日本',
    'st*r[1]?',
    'back\\slash',
    '"q"',
    '__proto__',
    ' lead',
    'trail ',
  ];
  for (const path of odd) await a.write(path, `content of ${path}`);
  await pair.start();
  pair.reign(a, 1);
  await until('every odd name', async () => (await Promise.all(odd.map((path) => b.read(path)))).every(Boolean));
  for (const path of odd) expect(await b.read(path), path).toBe(`content of ${path}`);

  // In step before the clock starts.
  await until('a quiet standby', () => b.service.report().detail['files'] === odd.length);
  const startedMs = performance.now();
  await a.write('a b/c d', 'edited');
  await until('the edit', async () => (await b.read('a b/c d')) === 'edited');
  console.log(`an edit was on the standby after ${Math.round(performance.now() - startedMs)} ms`);

  await a.write('run.sh', '#!/bin/sh');
  await until('the script', () => b.read('run.sh'));
  await chmod(join(a.root, 'run.sh'), 0o750);
  await until('its mode', async () => ((await stat(join(b.root, 'run.sh'))).mode & 0o777) === 0o750);

  await rm(join(a.root, 'ü'), { recursive: true });
  await until('the removal', async () => (await b.read('ü/日本')) === null);
  // The folder went with its last file.
  await until('the folder too', async () => !(await readdir(b.root)).includes('ü'));
  await until('a report of it', () => b.service.report().summary.startsWith('in step with a'));
  expect(b.events('sync.failed')).toEqual([]);
  expect(b.events('sync.conflict')).toEqual([]);
});

it('respects include and exclude, an exclude inside an include first', async () => {
  pair = await makePair({
    selection: { include: { directories: ['conf', 'maps'], files: ['one.ini'] }, exclude: { directories: ['conf/tmp'], files: ['maps/cache'] } }, // prettier-ignore
  });
  const { a, b } = pair;
  for (const path of ['conf/tmp/x', 'maps/cache', 'other', 'conf/x', 'maps/y', 'one.ini']) await a.write(path, path);
  await b.write('other', 'of b');
  await pair.start();
  pair.reign(a, 1);
  await until('the included', async () => (await b.read('one.ini')) && (await b.read('conf/x')) && (await b.read('maps/y'))); // prettier-ignore
  await until('an end of it', () => b.service.report().detail['files'] === 3);
  for (const path of ['conf/tmp/x', 'maps/cache']) expect(await b.read(path), path).toBeNull();
  expect(await b.read('other')).toBe('of b');
});

it('keeps aside what was edited on the standby, and tells of it once', async () => {
  pair = await makePair();
  const { a, b } = pair;
  await a.write('etc/app.conf', 'one');
  await a.write('gone', 'soon');
  await pair.start();
  pair.reign(a, 1);
  await until('both files', async () => (await b.read('etc/app.conf')) && (await b.read('gone')));
  await b.write('etc/app.conf', 'mine');
  await b.write('gone', 'but I want it');
  await b.write('own', 'of this node only');
  await a.write('etc/app.conf', 'two');
  await rm(join(a.root, 'gone'));
  await until('the active to win', async () => (await b.read('etc/app.conf')) === 'two' && !(await b.read('gone')));
  await until('both conflicts', () => b.events('sync.conflict').length === 2);
  const kept = b.events('sync.conflict').map((event) => String(event['keptAs'])).sort(); // prettier-ignore
  expect(kept[0]).toMatch(/^etc\/app\.conf\.kept-b-\d{8}T\d{6}Z$/);
  expect(await Promise.all(kept.map((path) => b.read(path)))).toEqual(['mine', 'but I want it']);
  expect(await b.read('own')).toBe('of this node only');
  // The events are told before the pull is over, the report comes after it.
  await until('a report of both', () => b.service.report().detail['conflicts'] === 2);
  // Told once, although it stays; and a kept file does not travel.
  await a.write('next', '1');
  await until('the next file', () => b.read('next'));
  expect(b.events('sync.conflict')).toHaveLength(2);
});

it('turns round with the roles: what the new active changed is no conflict, what the old one had not sent is kept', async () => {
  pair = await makePair();
  const { a, b } = pair;
  await a.write('x', 'a1');
  await a.write('y', 'a1');
  await a.write('z', 'a1');
  await pair.start();
  pair.reign(a, 1);
  await until('all on b', async () => (await b.read('x')) && (await b.read('y')) && (await b.read('z')));
  a.role('fenced', 1);
  b.role('fenced', 1);
  await a.write('y', 'never sent');
  await b.write('x', 'b2');
  await b.write('y', 'b2');
  await rm(join(b.root, 'z'));
  pair.reign(b, 2);
  await until('the new order on a', async () => (await a.read('x')) === 'b2' && (await a.read('y')) === 'b2' && (await a.read('z')) === null); // prettier-ignore
  await until('the conflict', () => a.events('sync.conflict').length > 0);
  expect(a.events('sync.conflict').map((event) => event['path'])).toEqual(['y']);
  expect(await a.read(String(a.events('sync.conflict')[0]?.['keptAs']))).toBe('never sent');
});

it('hands the last changes over before a planned switchover', async () => {
  pair = await makePair();
  const { a, b } = pair;
  await a.write('x', '1');
  await pair.start();
  pair.reign(a, 1);
  await until('a standby in step', () => a.service.report().detail['standbyInStep']);
  await a.write('x', 'the last word');
  const ask = { phase: 'pre', from: 'active', to: 'standby', epoch: 1, rule: 'test', deadlineMs: 10_000 };
  const reply = await pair.bus.request(subjects.prepare({ cluster: 'test', node: 'a' }, 'file-sync'), ask, 10_000);
  expect(reply).toEqual({ done: true });
  expect(await b.read('x')).toBe('the last word');
});

it('takes nothing from a node that holds no newer epoch than the last one seen', async () => {
  pair = await makePair({ intervalSeconds: 1 });
  const { a, b } = pair;
  await a.write('x', 'old');
  await pair.start();
  pair.reign(a, 5);
  await until('the file', () => b.read('x'));
  // b hears of a reign 7 by a, whose own file-sync still thinks that it is in 5.
  pair.answer(b, a, 7);
  await a.write('x', 'stale');
  await until('a refusal', () => b.service.report().summary.includes('HS_SYNC_STALE'));
  expect(await b.read('x')).toBe('old');
  pair.reign(a, 7);
  await until('the right epoch', async () => (await b.read('x')) === 'stale');
});

it('copies a log that grows all the time, each time up to a point that the active vouches for', async () => {
  pair = await makePair();
  const { a, b } = pair;
  await a.write('app.log', 'first line\n');
  await pair.start();
  pair.reign(a, 1);
  const writer = setInterval(() => void appendFile(join(a.root, 'app.log'), 'one more line\n'), 30);
  try {
    await until('some of it', async () => ((await b.read('app.log'))?.length ?? 0) > 60);
    const first = (await b.read('app.log'))?.length ?? 0;
    await until('more of it', async () => ((await b.read('app.log'))?.length ?? 0) > first);
  } finally {
    clearInterval(writer);
  }
  await until('all of it', async () => (await b.read('app.log')) === (await a.read('app.log')));
});
