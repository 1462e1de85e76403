import type { FieldSpecifier, PlainTemplate } from './template.ts';

/** When the exporter of an observation domain started: some send flow times relative to it, and it in options only. */
export interface SystemInit {
  exporter: string;
  observationDomain: number;
  systemInitMs: number;
  learnedAtMs: number;
}

/** What a cache knows, as plain JSON: for the other node, and for the next start. */
export interface TemplateState {
  templates: PlainTemplate[];
  systemInits: SystemInit[];
}

/** Reads a state that came from outside; `refused` counts the entries that are none. */
export function parseTemplateState(state: unknown): TemplateState & { refused: number } {
  const templates = listOf(state, 'templates');
  const systemInits = listOf(state, 'systemInits');
  const good = { templates: templates.filter(isTemplate), systemInits: systemInits.filter(isSystemInit) };
  const refused = templates.length + systemInits.length - good.templates.length - good.systemInits.length;
  return { ...good, refused };
}

function listOf(value: unknown, name: string): unknown[] {
  const list = isObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}

function isTemplate(value: unknown): value is PlainTemplate {
  if (!isObject(value) || typeof value['exporter'] !== 'string' || !Array.isArray(value['fields'])) return false;
  const { version, scopeFields, fields } = value;
  return (
    (version === 9 || version === 10) &&
    isUnsigned(value['observationDomain'], 0xffff_ffff) &&
    isUnsigned(value['templateId'], 0xffff) &&
    (scopeFields === null || isUnsigned(scopeFields, fields.length)) &&
    Number.isFinite(value['learnedAtMs']) &&
    fields.every(isField)
  );
}

function isField(value: unknown): value is FieldSpecifier {
  if (!Array.isArray(value) || value.length !== 3) return false;
  return isUnsigned(value[0], 0xffff_ffff) && isUnsigned(value[1], 0xffff) && isUnsigned(value[2], 0xffff);
}

function isSystemInit(value: unknown): value is SystemInit {
  return (
    isObject(value) &&
    typeof value['exporter'] === 'string' &&
    isUnsigned(value['observationDomain'], 0xffff_ffff) &&
    isUnsigned(value['systemInitMs'], Number.MAX_SAFE_INTEGER) &&
    Number.isFinite(value['learnedAtMs'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isUnsigned(value: unknown, largest: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= largest;
}
