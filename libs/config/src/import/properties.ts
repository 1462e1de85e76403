/** A line of a Java properties file that gives a key a value. */
export interface Property {
  key: string;
  value: string;
  /** Where it begins, from 1. */
  line: number;
}

/** Java's format of properties: `key=value`, `key: value`, comments with `#` and `!`, `\` at the end goes on, escapes. */
export function readProperties(text: string): Property[] {
  const properties: Property[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let whole = (lines[at] ?? '').trimStart();
    if (whole === '' || whole.startsWith('#') || whole.startsWith('!')) continue;
    while (/(^|[^\\])(\\\\)*\\$/.test(whole) && at + 1 < lines.length) {
      at++;
      whole = whole.slice(0, -1) + (lines[at] ?? '').trimStart();
    }
    const [, key = '', value = ''] = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(whole) ?? [];
    properties.push({ key: unescape(key), value: unescape(value).trim(), line });
  }
  return properties;
}

function unescape(text: string): string {
  return text.replaceAll(/\\u([0-9a-fA-F]{4})|\\(.)/g, (_, hex: string | undefined, single: string) => {
    if (hex) return String.fromCharCode(Number.parseInt(hex, 16));
    return { t: '\t', n: '\n', r: '\r', f: '\f' }[single] ?? single;
  });
}
