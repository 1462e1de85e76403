import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleNotes } from '@hotstandby/core/lease';
import { Stage } from '@hotstandby/testing/transcript';
import { expect, it } from 'vitest';
import { scenes } from './transcripts/scenes.ts';

// Each conversation is compared whole. `npx vitest run --project unit test/lease/transcripts.spec.ts -u` writes them anew: read what changed.

const notes: Readonly<Record<string, { evidence: readonly string[] }>> = ruleNotes;

it.each(Object.entries(scenes))('%s', async (name, { title, sentence, play, ends }) => {
  const stage = new Stage();
  await play(stage);
  expect(await stage.roles()).toBe(ends);
  expect(stage.twoGates).toEqual([]);
  await expect(await stage.transcript(title, sentence)).toMatchFileSnapshot(`transcripts/${name}.txt`);
  for (const { rule, evidence } of stage.transitions()) {
    for (const key of Object.keys(evidence)) expect(notes[rule]?.evidence, rule).toContain(key);
  }
});

it('is all in docs/lease.md, each with the sentence that it shows', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/lease.md'), 'utf8');
  for (const [name, { title, sentence }] of Object.entries(scenes)) {
    expect(page).toContain(`- [${title}](../test/lease/transcripts/${name}.txt): ${sentence}`);
  }
});
