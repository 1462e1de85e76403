import type { FlowSet } from './message.ts';
import type { FieldSpecifier } from './template.ts';

/** What a template set says: templates with their fields, or that templates are withdrawn (IPFIX). */
export type TemplateStatement =
  | { kind: 'template'; templateId: number; scopeFields: number | null; fields: FieldSpecifier[] }
  | { kind: 'withdrawal'; templateId: number }
  | { kind: 'withdrawal of all'; options: boolean };

/** The statements in front of a fault are good. */
export interface TemplateSetResult {
  statements: TemplateStatement[];
  fault: string | null;
}

/** Set ids that announce templates (RFC 3954 sections 5.2 and 6.1, RFC 7011 section 3.3.2); null: some other set. */
export function templateSetKind(version: 9 | 10, setId: number): 'flows' | 'options' | null {
  const first = version === 9 ? 0 : 2;
  return setId === first ? 'flows' : setId === first + 1 ? 'options' : null;
}

const firstTemplateId = 256;

/** Reads a template set or options template set. Time and memory are within the bytes of the set. */
export function readTemplateSet(
  view: DataView,
  version: 9 | 10,
  set: FlowSet,
  kind: 'flows' | 'options',
): TemplateSetResult {
  const statements: TemplateStatement[] = [];
  let offset = set.start;
  // Less than a record's header is padding.
  while (set.end - offset >= 4) {
    const templateId = view.getUint16(offset);
    const count = view.getUint16(offset + 2);
    if (version === 9 && templateId === 0) break; // Padding: some exporters fill up with more than three zeros.
    if (version === 10 && count === 0) {
      // RFC 7011 section 8.1: no fields withdraws the template; the set's own id withdraws all of its kind.
      const isAll = templateId === set.id;
      if (!isAll && templateId < firstTemplateId) break;
      statements.push(
        isAll ? { kind: 'withdrawal of all', options: kind === 'options' } : { kind: 'withdrawal', templateId },
      );
      offset += 4;
      continue;
    }
    if (templateId < firstTemplateId) return { statements, fault: `template id ${templateId} is reserved` };
    const shape =
      kind === 'flows'
        ? { fields: count, scopeFields: null, start: offset + 4 }
        : optionsShape(view, version, set, offset);
    const read = shape && readFields(view, version, set, shape.start, shape.fields);
    if (!shape || !read) return { statements, fault: `template ${templateId} is cut off` };
    if (shape.scopeFields !== null && shape.scopeFields > shape.fields) {
      return { statements, fault: `template ${templateId} has more scope fields than fields` };
    }
    statements.push({ kind: 'template', templateId, scopeFields: shape.scopeFields, fields: read.fields });
    offset = read.end;
  }
  return { statements, fault: null };
}

/** How many fields an options template has: version 9 gives bytes (RFC 3954 section 6.1), IPFIX numbers (RFC 7011 section 3.4.2.2). */
function optionsShape(view: DataView, version: 9 | 10, set: FlowSet, offset: number) {
  if (set.end - offset < 6) return null;
  const second = view.getUint16(offset + 2);
  const third = view.getUint16(offset + 4);
  if (version === 10) return { fields: second, scopeFields: third, start: offset + 6 };
  return { fields: Math.floor((second + third) / 4), scopeFields: Math.floor(second / 4), start: offset + 6 };
}

function readFields(view: DataView, version: 9 | 10, set: FlowSet, start: number, count: number) {
  const fields: FieldSpecifier[] = [];
  let offset = start;
  for (let index = 0; index < count; index += 1) {
    if (set.end - offset < 4) return null;
    const number = view.getUint16(offset);
    const length = view.getUint16(offset + 2);
    offset += 4;
    // Only IPFIX has enterprise fields (RFC 7011 section 3.2); in version 9 the highest bit is part of the type.
    if (version === 10 && number & 0x8000) {
      if (set.end - offset < 4) return null;
      fields.push([view.getUint32(offset), number & 0x7fff, length]);
      offset += 4;
    } else {
      fields.push([0, number, length]);
    }
  }
  return { fields, end: offset };
}
