/** One step of the schema. Released ones are never changed: a later step changes what they made. */
export interface Migration {
  version: number;
  name: string;
  /**
   * The lowest schema version that a program must know to work with a store that has this step. Its own version unless
   * older programs can go on beside it, as they must while a pair is upgraded node by node.
   */
  needs: number;
  /** Statements; `schema` is quoted already. */
  statements(schema: string): string[];
}
