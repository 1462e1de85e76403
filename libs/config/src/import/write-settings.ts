import { isScalar, parseDocument, type Document } from 'yaml';
import { parseConfig, type ConfigFault } from '../parse.ts';
import type { Setting } from './findings.ts';

export interface Written {
  /** The file's new text. */
  text: string;
  /** What is wrong with it, or not there yet. */
  faults: ConfigFault[];
}

/** Puts settings into the text of a configuration file, its comments and everything else kept; into an empty one, a new file. */
export function writeSettings(before: string, settings: Setting[]): Written {
  const document = parseDocument(before, { maxAliasCount: 20 } as object);
  if (document.errors.length > 0) {
    const result = parseConfig(before);
    return { text: before, faults: result.ok ? [] : result.faults };
  }
  for (const { field, value } of settings) put(document, field.split('.'), besidesIpv6(document, field, value));
  const text = document.toString({ lineWidth: 0 });
  const result = parseConfig(text);
  return { text, faults: result.ok ? [] : result.faults };
}

/** Old systems know IPv4 only: virtual addresses of the other kind stay. */
function besidesIpv6(document: Document, field: string, value: unknown): unknown {
  if (field !== 'binding.addresses' || !Array.isArray(value)) return value;
  const { binding } = (document.toJS() ?? {}) as { binding?: { addresses?: unknown } };
  const there = Array.isArray(binding?.addresses) ? binding.addresses : [];
  return [...value, ...there.filter((one) => typeof one === 'string' && one.includes(':'))];
}

function put(document: Document, path: string[], value: unknown): void {
  if (value === undefined) {
    if (document.hasIn(path)) document.deleteIn(path);
    return;
  }
  const there = document.getIn(path, true);
  // A scalar keeps the comment beside it.
  if (isScalar(there) && !(value instanceof Object)) there.value = value;
  else document.setIn(path, document.createNode(value));
}
