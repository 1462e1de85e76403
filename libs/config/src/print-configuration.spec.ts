import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fieldNotes } from './field-notes.ts';
import { parseConfig } from './index.ts';
import { listFields } from './list-fields.ts';
import { printConfiguration } from './print-configuration.ts';
import { brokenRelations, profiles } from './profiles.ts';

const example = readFileSync(new URL('../../../examples/node.yaml', import.meta.url), 'utf8');

it('is what docs/configuration.md says', async () => {
  await expect(printConfiguration(example)).toMatchFileSnapshot('../../../docs/configuration.md');
});

it('says of every field what it means, and of nothing else', () => {
  expect(Object.keys(fieldNotes).toSorted()).toEqual(
    listFields()
      .map(({ path }) => path)
      .toSorted(),
  );
});

it('reads the example', () => {
  const result = parseConfig(example);
  expect(result).toMatchObject({ ok: true, config: { cluster: 'campus', binding: { mode: 'vip' } } });
});

it('has profiles that keep the relations, and refuses timings that do not', () => {
  for (const timing of Object.values(profiles)) expect(brokenRelations(timing)).toEqual([]);
  expect(brokenRelations({ ...profiles.fast, beatMs: 60 })).toEqual([expect.stringContaining('3 x beatMs (60)')]);
  expect(brokenRelations({ ...profiles.fast, fenceLeadMs: 50, marginMs: 0 })).toHaveLength(2);
  expect(brokenRelations({ ...profiles.fast, statementTimeoutMs: 150, clockDrift: 0.2 })).toHaveLength(2);
});
