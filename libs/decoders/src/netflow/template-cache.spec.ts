import { describe, expect, test } from 'vitest';
import { TemplateCache } from './template-cache.ts';
import type { PlainTemplate } from './template.ts';

const template = (exporter: string, templateId: number, change: Partial<PlainTemplate> = {}): PlainTemplate => ({
  exporter,
  version: 9,
  observationDomain: 0,
  templateId,
  scopeFields: null,
  fields: [[0, 8, 4]],
  learnedAtMs: 1000,
  ...change,
});
const known = (cache: TemplateCache, exporter: string, ...ids: number[]) =>
  ids.filter((id) => cache.get(template(exporter, id)) !== undefined);

describe('TemplateCache', () => {
  test('the least recently used template of an exporter goes first', () => {
    const cache = new TemplateCache({ templatesPerExporter: 3 });
    for (const id of [256, 257, 258]) cache.put(template('a', id));
    cache.get(template('a', 256));
    cache.put(template('a', 259));
    expect(known(cache, 'a', 256, 257, 258, 259)).toEqual([256, 258, 259]);
    expect(cache).toMatchObject({ size: 3, evicted: 1 });
  });

  test('one exporter cannot push out the templates of another', () => {
    const cache = new TemplateCache({ templatesPerExporter: 4, templates: 100 });
    cache.put(template('quiet', 256));
    for (let id = 256; id < 1256; id += 1) cache.put(template('noisy', id));
    expect(known(cache, 'quiet', 256)).toEqual([256]);
    expect(cache.size).toBe(5);
  });

  test('in total, the exporter that was not heard of for longest pays', () => {
    const cache = new TemplateCache({ templates: 4 });
    for (const exporter of ['a', 'b']) for (const id of [256, 257]) cache.put(template(exporter, id));
    cache.get(template('a', 256));
    cache.put(template('c', 256));
    expect([known(cache, 'a', 256, 257), known(cache, 'b', 256, 257), known(cache, 'c', 256)]).toEqual([
      [256, 257],
      [257],
      [256],
    ]);
  });

  test('fields are bounded as well as templates', () => {
    const cache = new TemplateCache({ fieldsPerTemplate: 10, fieldsPerExporter: 20, fields: 40 });
    const fields = Array.from({ length: 10 }, (): [number, number, number] => [0, 1, 4]);
    for (const exporter of ['a', 'b', 'c']) {
      for (const id of [256, 257, 258]) cache.put(template(exporter, id, { fields }));
    }
    expect(cache.size).toBe(4);
    expect(known(cache, 'c', 256, 257, 258)).toEqual([257, 258]);
    expect(cache.put(template('a', 300, { fields: [...fields, [0, 2, 4]] }))).toEqual({
      outcome: 'refused',
      reason: '11 fields',
    });
  });

  test('new, same, changed, withdrawn', () => {
    const cache = new TemplateCache();
    expect(cache.put(template('a', 256)).outcome).toBe('new');
    expect(cache.put(template('a', 256)).outcome).toBe('same');
    expect(cache.put(template('a', 256, { fields: [[0, 8, 2]] })).outcome).toBe('changed');
    expect(cache.put(template('a', 256, { fields: [[0, 8, 2]], scopeFields: 1 })).outcome).toBe('changed');
    expect(cache.size).toBe(1);
    expect(cache.withdraw(template('a', 256))).toBe(true);
    expect(cache.withdraw(template('a', 256))).toBe(false);
    expect(cache.size).toBe(0);
  });

  test('goes through JSON to another node; the newer template stays', () => {
    const source = new TemplateCache();
    source.put(template('a', 256, { learnedAtMs: 2000 }));
    source.put(template('a', 257, { version: 10, observationDomain: 0xffff_ffff, fields: [[32_473, 5, 65_535]] }));
    source.put(template('b', 256, { scopeFields: 1 }));
    source.setSystemInit({ exporter: 'a', observationDomain: 7, systemInitMs: 5, learnedAtMs: 1 });
    const state: unknown = JSON.parse(JSON.stringify(source.export()));

    const target = new TemplateCache();
    target.put(template('b', 256, { fields: [[0, 1, 4]], learnedAtMs: 9000 }));
    expect(target.import(state)).toEqual({ taken: 2, refused: 0 });
    expect(target.get(template('a', 256))?.template).toEqual(source.get(template('a', 256))?.template);
    expect(target.get(template('b', 256))?.template.fields).toEqual([[0, 1, 4]]);
    expect(target.systemInitMs('a', 7)).toBe(5);
    expect(target.import(state)).toEqual({ taken: 0, refused: 0 });
  });

  test.each([
    [null, 0],
    ['x', 0],
    [{ templates: 'x' }, 0],
    [{ templates: [null, 1, {}, { ...template('a', 256), version: 5 }] }, 4],
    [
      {
        templates: [
          { ...template('a', 256), fields: [[0, 8]] },
          { ...template('a', 256), fields: [[0, 8, -1]] },
        ],
      },
      2,
    ],
    [
      {
        templates: [
          { ...template('a', 256), templateId: 1.5 },
          { ...template('a', 256), scopeFields: 2 },
        ],
      },
      2,
    ],
    [{ templates: [template('a', 256, { fields: [] }), template('a', 256, { fields: [[0, 8, 0]] })] }, 2],
    [{ systemInits: [{ exporter: 'a', observationDomain: 0, systemInitMs: 'x', learnedAtMs: 1 }] }, 1],
  ])('a state that is none is refused: %#', (state, refused) => {
    const cache = new TemplateCache();
    expect(cache.import(state)).toEqual({ taken: 0, refused });
    expect(cache.size).toBe(0);
  });

  test('the starting time of a domain: the newest, for exporters with templates, bounded', () => {
    const cache = new TemplateCache();
    cache.setSystemInit({ exporter: 'a', observationDomain: 0, systemInitMs: 5, learnedAtMs: 10 });
    expect(cache.systemInitMs('a', 0)).toBeNull();
    cache.put(template('a', 256));
    cache.setSystemInit({ exporter: 'a', observationDomain: 0, systemInitMs: 6, learnedAtMs: 10 });
    cache.setSystemInit({ exporter: 'a', observationDomain: 0, systemInitMs: 7, learnedAtMs: 9 });
    expect(cache.systemInitMs('a', 0)).toBe(6);
    for (let domain = 1; domain < 200; domain += 1) {
      cache.setSystemInit({ exporter: 'a', observationDomain: domain, systemInitMs: 1, learnedAtMs: 10 });
    }
    expect(cache.export().systemInits).toHaveLength(64);
  });

  test('fields of no length cost nothing for each record', () => {
    const cache = new TemplateCache();
    const none = Array.from({ length: 500 }, (_, index): [number, number, number] => [0, index + 1, 0]);
    cache.put(template('a', 256, { version: 10, fields: [...none, [0, 4, 1]] }));
    expect(cache.get(template('a', 256, { version: 10 }))?.fields).toHaveLength(1);
    cache.put(template('a', 256, { version: 10, fields: [[0, 4, 1]] }));
    // What was taken away counts as it did when it was put.
    const full = new TemplateCache({ fieldsPerExporter: 600 });
    for (let round = 0; round < 5; round++) {
      full.put(template('a', 256, { version: 10, fields: [...none, [0, 4, 1]] }));
      full.put(template('a', 256, { version: 10, fields: [[0, 4, 1]] }));
      full.put(template('a', 257, { version: 10 }));
      expect(full).toMatchObject({ size: 2, evicted: 0 });
    }
  });

  test('a withdrawal of all takes the templates of its domain and kind, changed ones too, and no others', () => {
    const cache = new TemplateCache();
    const ipfix = (templateId: number, change: Partial<PlainTemplate> = {}) =>
      cache.put(template('a', templateId, { version: 10, ...change }));
    ipfix(256);
    ipfix(257);
    ipfix(257, { fields: [[0, 12, 4]] });
    ipfix(258, { scopeFields: 1 });
    ipfix(259, { observationDomain: 1 });
    ipfix(260);
    ipfix(260, { scopeFields: 1 });
    cache.put(template('a', 256));
    expect([cache.withdrawAll('a', 0, false), cache.withdrawAll('a', 0, false)]).toEqual([2, 0]);
    expect(cache.size).toBe(4);
    expect([cache.withdrawAll('a', 0, true), cache.withdrawAll('a', 2, true), cache.size]).toEqual([2, 0, 2]);
  });
});
