import type { TemplateKey } from '@hotstandby/decoders';
import { expect, it } from 'vitest';
import { UnknownTemplates } from './unknown-templates.ts';

const key = (templateId: number, exporter = '192.0.2.1'): TemplateKey => ({
  exporter,
  version: 9,
  observationDomain: 0,
  templateId,
});

it('waits for a template once, and again when it came meanwhile', () => {
  const unknown = new UnknownTemplates();
  expect([unknown.waitsFor(key(256), 0, false), unknown.waitsFor(key(256), 1, false)]).toEqual([true, true]);
  expect([unknown.waitsFor(key(256), 2, true), unknown.waitsFor(key(256), 3, false)]).toEqual([false, false]);
  unknown.came(key(256));
  expect(unknown.waitsFor(key(256), 4, false)).toBe(true);
});

it('waits for no more than 64 of one exporter, and asks anew after half an hour', () => {
  const unknown = new UnknownTemplates();
  const waits = Array.from({ length: 200 }, (_, index) => unknown.waitsFor(key(256 + index), index, false));
  expect(waits.filter(Boolean)).toHaveLength(64);
  // Those that are waited for already go on; another exporter is not to blame.
  expect([unknown.waitsFor(key(256), 300, false), unknown.waitsFor(key(400, '192.0.2.2'), 300, false)]).toEqual([
    true,
    true,
  ]);
  expect(unknown.waitsFor(key(500), 1_800_001, false)).toBe(true);
});
