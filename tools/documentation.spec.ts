import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

const withoutCode = (text: string) => text.replaceAll(/```[\s\S]*?```/g, '');

/** The anchors that a page's headings make, as GitHub makes them. */
const anchorsOf = (text: string) =>
  [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

it('links only to what is there', () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(root, name) : resolve(root, dirname(name), path);
      if (!existsSync(target)) return [`${name}: ${link}`];
      const fits = anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
      return fits ? [] : [`${name}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

it('names only files of the repository that are there', () => {
  const named = /`((?:apps|docs|examples|libs|test|tools)\/[\w./-]+?)\/?`/g;
  const missing = pages.flatMap(({ name, text }) =>
    [...text.matchAll(named)].flatMap(([, path = '']) => (existsSync(join(root, path)) ? [] : [`${name}: ${path}`])),
  );
  expect(missing).toEqual([]);
});

it('names only npm scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const called = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(([, run, short]) => ({
      name,
      script: run ?? short ?? '',
    })),
  );
  expect(called.length).toBeGreaterThan(5);
  expect(called.filter(({ script }) => !(script in scripts))).toEqual([]);
});

it('sends errors and alerts only to pages and sections that there are', () => {
  const sources = readdirSync(join(root, 'libs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(root, 'libs', name));
  const missing = sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\b(docs\/[\w/-]+\.md)(?:, "([^"]+)")?/g)].flatMap(
      ([, page = '', section]) => {
        const text = existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8') : null;
        const fits =
          text !== null &&
          (section === undefined || text.split('\n').some((line) => /^#+ /.test(line) && line.endsWith(section)));
        return fits ? [] : [`${relative(root, file)}: ${page} ${section ?? ''}`];
      },
    ),
  );
  expect(missing).toEqual([]);
});
