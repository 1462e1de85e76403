/** Up to when the active has looked whether everything that the other node received is stored; by the clock of the store. */
export function comparedNodes(s: string): string[] {
  return [`ALTER TABLE ${s}.delivery_progress ADD own_from datetime2(3) NULL, other_before datetime2(3) NULL`];
}
