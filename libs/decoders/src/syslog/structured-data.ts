import type { SyslogRecord } from '../records.ts';
import type { ParseFault } from './parsed-message.ts';

type Parameters = Map<string, string | string[]>;

/** STRUCTURED-DATA (RFC 5424 section 6.3) and the offset behind it. `note`: what is wrong although it could be read. */
export interface ParsedStructuredData {
  structuredData: SyslogRecord['structuredData'];
  end: number;
  note: string | null;
}

const name = /[^\s=\]"]+/y;

/** Reads STRUCTURED-DATA that begins at `start`; one pass, whatever the text is. */
export function parseStructuredData(text: string, start: number): ParsedStructuredData | ParseFault {
  if (text[start] === '-') return { structuredData: null, end: start + 1, note: null };
  if (text[start] !== '[') return { fault: 'no structured data' };
  const elements = new Map<string, Parameters>();
  let note: string | null = null;
  let offset = start;
  while (text[offset] === '[') {
    const id = nameAt(text, offset + 1);
    if (id === null) return { fault: 'structured data: element without SD-ID' };
    if (elements.has(id)) note = 'structured data: an SD-ID came more than once';
    const parameters: Parameters = elements.get(id) ?? new Map();
    elements.set(id, parameters);
    const element = parseParameters(text, offset + 1 + id.length, parameters);
    if ('fault' in element) return element;
    offset = element.end;
  }
  // fromEntries makes own properties of any name, `__proto__` included.
  const structuredData = Object.fromEntries(
    Array.from(elements, ([id, parameters]) => [id, Object.fromEntries(parameters)] as const),
  );
  return { structuredData, end: offset, note };
}

function parseParameters(text: string, start: number, parameters: Parameters): { end: number } | ParseFault {
  let offset = start;
  while (text[offset] === ' ') {
    const key = nameAt(text, offset + 1);
    if (key === null || !text.startsWith('="', offset + 1 + key.length)) {
      return { fault: 'structured data: parameter is not NAME="VALUE"' };
    }
    const value = parseValue(text, offset + 1 + key.length + 2);
    if ('fault' in value) return value;
    const known = parameters.get(key);
    if (known === undefined) parameters.set(key, value.value);
    else if (Array.isArray(known)) known.push(value.value);
    else parameters.set(key, [known, value.value]);
    offset = value.end;
  }
  return text[offset] === ']' ? { end: offset + 1 } : { fault: 'structured data: element is not closed' };
}

/** A value up to its closing quote. Only `"`, `\` and `]` are escaped; any other backslash stands for itself (section 6.3.3). */
function parseValue(text: string, start: number): { value: string; end: number } | ParseFault {
  let value = '';
  let copied = start;
  for (let offset = start; offset < text.length; offset += 1) {
    const character = text[offset];
    if (character === '"') return { value: value + text.slice(copied, offset), end: offset + 1 };
    if (character !== '\\') continue;
    const next = text[offset + 1];
    if (next !== '"' && next !== '\\' && next !== ']') continue;
    value += text.slice(copied, offset) + next;
    offset += 1;
    copied = offset + 1;
  }
  return { fault: 'structured data: value is not closed' };
}

function nameAt(text: string, start: number): string | null {
  name.lastIndex = start;
  return name.exec(text)?.[0] ?? null;
}
