/** What tells one template from another. The version is part of it: a device may export in both. */
export interface TemplateKey {
  /** Source address of the exporter. */
  exporter: string;
  version: 9 | 10;
  observationDomain: number;
  templateId: number;
}

/** [enterprise, element, length in bytes]; enterprise 0 is IANA, length 65535 is variable (RFC 7011 section 7). */
export type FieldSpecifier = [enterprise: number, element: number, lengthBytes: number];

/** A template as plain data: it survives JSON and can be carried to the other node. */
export interface PlainTemplate extends TemplateKey {
  /** How many of the fields, from the first, are the scope; null for a template of flows. */
  scopeFields: number | null;
  fields: FieldSpecifier[];
  /** Wall clock of the reception, ms since 1970: the newer of two wins. */
  learnedAtMs: number;
}

/** A length of 65535 says: variable, the length is in the record. Version 9 does not know it. */
export const variableLength = 65_535;

/** The least that a record of the template takes. Zero would never come to an end: such a template is refused. */
export function minimumRecordBytes(template: Pick<PlainTemplate, 'version' | 'fields'>): number {
  let bytes = 0;
  for (const [, , length] of template.fields) bytes += isVariable(template.version, length) ? 1 : length;
  return bytes;
}

export function isVariable(version: 9 | 10, lengthBytes: number): boolean {
  return version === 10 && lengthBytes === variableLength;
}

export function sameFields(a: PlainTemplate, b: PlainTemplate): boolean {
  if (a.scopeFields !== b.scopeFields || a.fields.length !== b.fields.length) return false;
  return a.fields.every((field, index) => {
    const other = b.fields[index];
    return other !== undefined && field[0] === other[0] && field[1] === other[1] && field[2] === other[2];
  });
}
