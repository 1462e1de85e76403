/** A name for SQL text, whatever it holds (the schema is configured, and may be a reserved word). */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
