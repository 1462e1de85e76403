/** Up to when the active has looked whether everything that the other node received is stored. */
export function comparedNodes(s: string): string[] {
  return [
    `alter table ${s}.delivery_progress add column own_from timestamptz, add column other_before timestamptz`,
    `comment on column ${s}.delivery_progress.own_from is 'From when on nobody has compared yet what the node received before its tenure; by the clock of the store. Null: all is.'`,
    `comment on column ${s}.delivery_progress.other_before is 'Everything that the other node received before is stored; by the clock of the store. Null: nobody has looked.'`,
  ];
}
