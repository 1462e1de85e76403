/** A name for SQL text, whatever it holds. */
export function quoteName(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** A text for SQL text: for statements that cannot have parameters. */
export function quoteText(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
