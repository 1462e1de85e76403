import { planRecords } from './record-plan.ts';
import type { RecordPlan } from './record-plan.ts';
import { parseTemplateState } from './template-state.ts';
import type { SystemInit, TemplateState } from './template-state.ts';
import { minimumRecordBytes, sameFields } from './template.ts';
import type { PlainTemplate, TemplateKey } from './template.ts';

/** How much the cache may hold. Beyond it the least recently used goes, of the exporter first, then of all. */
export interface TemplateBounds {
  templatesPerExporter: number;
  fieldsPerExporter: number;
  templates: number;
  fields: number;
  fieldsPerTemplate: number;
}

export const defaultTemplateBounds: TemplateBounds = {
  templatesPerExporter: 1024,
  fieldsPerExporter: 16_384,
  templates: 8192,
  fields: 131_072,
  fieldsPerTemplate: 512,
};

/** `refused` says why; the others: it was not known, it replaced another one, it was known as it is. */
export type TemplateOutcome = { outcome: 'new' | 'changed' | 'same' } | { outcome: 'refused'; reason: string };

interface Exporter {
  plans: Map<number, RecordPlan>;
  fields: number;
  /** What a withdrawal of all takes away: IPFIX templates by domain and kind, so that one costs no more than it removes. */
  withdrawable: Map<number, Set<number>>;
  /** Observation domain to the time at which its exporter started. */
  systemInits: Map<number, SystemInit>;
}

const domainsPerExporter = 64;

/** The templates of all exporters, bounded. The Maps are in order of use: the first entry is the least recently used. */
export class TemplateCache {
  readonly #bounds: TemplateBounds;
  readonly #exporters = new Map<string, Exporter>();
  /** Asked for last, and nothing changed since: it is at the end of both Maps already. Exporters send many datagrams in a row. */
  #last: { exporter: string; number: number; plan: RecordPlan } | null = null;
  #templates = 0;
  #fields = 0;
  #evicted = 0;

  constructor(bounds: Partial<TemplateBounds> = {}) {
    this.#bounds = { ...defaultTemplateBounds, ...bounds };
  }

  get size(): number {
    return this.#templates;
  }

  /** Templates that went because of a bound, since the start. */
  get evicted(): number {
    return this.#evicted;
  }

  get({ exporter, version, observationDomain, templateId }: TemplateKey): RecordPlan | undefined {
    const number = numberOf(version, observationDomain, templateId);
    const last = this.#last;
    if (last?.number === number && last.exporter === exporter) return last.plan;
    const entry = this.#exporters.get(exporter);
    const plan = entry?.plans.get(number);
    if (!entry || !plan) return undefined;
    moveToEnd(entry.plans, number, plan);
    moveToEnd(this.#exporters, exporter, entry);
    this.#last = { exporter, number, plan };
    return plan;
  }

  put(template: PlainTemplate): TemplateOutcome {
    const reason = this.#reasonToRefuse(template);
    if (reason !== null) return { outcome: 'refused', reason };
    const known = this.get(template);
    if (known && sameFields(known.template, template)) {
      known.template.learnedAtMs = template.learnedAtMs;
      return { outcome: 'same' };
    }
    this.#last = null;
    const entry = this.#exporters.get(template.exporter) ?? newExporter();
    const number = numberOf(template.version, template.observationDomain, template.templateId);
    if (known) this.#remove(template.exporter, entry, number);
    entry.plans.set(number, planRecords({ ...template }));
    setOf(entry.withdrawable, groupOf(template))?.add(number);
    moveToEnd(this.#exporters, template.exporter, entry);
    this.#count(entry, 1, template.fields.length);
    this.#evict(template.exporter, entry);
    return { outcome: known ? 'changed' : 'new' };
  }

  /** True when it was known. */
  withdraw({ exporter, version, observationDomain, templateId }: TemplateKey): boolean {
    const entry = this.#exporters.get(exporter);
    return entry !== undefined && this.#remove(exporter, entry, numberOf(version, observationDomain, templateId));
  }

  /** All IPFIX templates of an observation domain, of flows or of options (RFC 7011 section 8.1). Gives how many there were. */
  withdrawAll(exporter: string, observationDomain: number, options: boolean): number {
    const entry = this.#exporters.get(exporter);
    if (!entry) return 0;
    const numbers = entry.withdrawable.get(observationDomain * 2 + (options ? 1 : 0)) ?? [];
    let withdrawn = 0;
    for (const number of [...numbers]) if (this.#remove(exporter, entry, number)) withdrawn += 1;
    return withdrawn;
  }

  /** When the exporter of the domain started, ms since 1970, as its options told; null: it did not. */
  systemInitMs(exporter: string, observationDomain: number): number | null {
    return this.#exporters.get(exporter)?.systemInits.get(observationDomain)?.systemInitMs ?? null;
  }

  /** Kept only for exporters with templates, and only the newest of a domain. */
  setSystemInit(init: SystemInit): void {
    const entry = this.#exporters.get(init.exporter);
    if (!entry) return;
    const known = entry.systemInits.get(init.observationDomain);
    if (known && known.learnedAtMs > init.learnedAtMs) return;
    moveToEnd(entry.systemInits, init.observationDomain, init);
    if (entry.systemInits.size > domainsPerExporter) deleteFirst(entry.systemInits);
  }

  /** Everything as plain data, least recently used first. */
  export(): TemplateState {
    const entries = Array.from(this.#exporters.values());
    return {
      templates: entries.flatMap(({ plans }) => Array.from(plans.values(), ({ template }) => ({ ...template }))),
      systemInits: entries.flatMap(({ systemInits }) => Array.from(systemInits.values())),
    };
  }

  /** Takes over what another cache exported, except where this one learned something newer. Any value may come; what is no state is refused. */
  import(state: unknown): { taken: number; refused: number } {
    const parsed = parseTemplateState(state);
    let { refused } = parsed;
    let taken = 0;
    for (const template of parsed.templates) {
      const known = this.get(template);
      if (known && known.template.learnedAtMs >= template.learnedAtMs) continue;
      if (this.put(template).outcome === 'refused') refused += 1;
      else taken += 1;
    }
    for (const init of parsed.systemInits) this.setSystemInit(init);
    return { taken, refused };
  }

  #reasonToRefuse(template: PlainTemplate): string | null {
    if (template.fields.length === 0) return 'no fields';
    if (template.fields.length > this.#bounds.fieldsPerTemplate) return `${template.fields.length} fields`;
    return minimumRecordBytes(template) === 0 ? 'records of no length' : null;
  }

  #evict(exporter: string, entry: Exporter): void {
    const { templatesPerExporter, fieldsPerExporter, templates, fields } = this.#bounds;
    while (entry.plans.size > 1 && (entry.plans.size > templatesPerExporter || entry.fields > fieldsPerExporter)) {
      this.#evictFirst(exporter, entry);
    }
    while (this.#templates > 1 && (this.#templates > templates || this.#fields > fields)) {
      for (const [name, oldest] of this.#exporters) {
        this.#evictFirst(name, oldest);
        break;
      }
    }
  }

  #evictFirst(exporter: string, entry: Exporter): void {
    for (const number of entry.plans.keys()) {
      this.#remove(exporter, entry, number);
      this.#evicted += 1;
      return;
    }
  }

  #remove(exporter: string, entry: Exporter, number: number): boolean {
    const plan = entry.plans.get(number);
    if (!plan) return false;
    this.#last = null;
    entry.plans.delete(number);
    const group = groupOf(plan.template);
    const grouped = group === null ? undefined : entry.withdrawable.get(group);
    grouped?.delete(number);
    if (group !== null && grouped?.size === 0) entry.withdrawable.delete(group);
    this.#count(entry, -1, -plan.template.fields.length);
    if (entry.plans.size === 0) this.#exporters.delete(exporter);
    return true;
  }

  #count(entry: Exporter, templates: number, fields: number): void {
    entry.fields += fields;
    this.#fields += fields;
    this.#templates += templates;
  }
}

const newExporter = (): Exporter => ({
  plans: new Map(),
  fields: 0,
  withdrawable: new Map(),
  systemInits: new Map(),
});

/** RFC 7011 section 8.1: all templates of a domain, or all options templates. Version 9 knows no withdrawal: null. */
function groupOf({ version, observationDomain, scopeFields }: PlainTemplate): number | null {
  return version === 10 ? observationDomain * 2 + (scopeFields === null ? 0 : 1) : null;
}

function setOf(sets: Map<number, Set<number>>, key: number | null): Set<number> | null {
  if (key === null) return null;
  let found = sets.get(key);
  if (!found) sets.set(key, (found = new Set()));
  return found;
}

/** Version, domain and id in one exact number below 2^49. */
function numberOf(version: 9 | 10, observationDomain: number, templateId: number): number {
  return (observationDomain * 2 + (version === 10 ? 1 : 0)) * 65_536 + templateId;
}

function moveToEnd<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
}

function deleteFirst<K, V>(map: Map<K, V>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
