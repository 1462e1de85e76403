/**
 * How each writer's clock stood to the store's, so that receive times of both nodes can be compared; and who of a node's
 * replicas settles a take-over.
 */
export function sharedDeliveries(s: string): string[] {
  return [
    `alter table ${s}.delivery_ledger add column clock_ahead_ms double precision`,
    `comment on column ${s}.delivery_ledger.first_received_at is 'By the clock of the store.'`,
    `comment on column ${s}.delivery_ledger.last_received_at is 'By the clock of the store.'`,
    `comment on column ${s}.delivery_ledger.clock_ahead_ms is 'How far the clock of the node, which the packed entries go by, was ahead of the store''s; null: not measured.'`,
    `alter table ${s}.delivery_progress add column clock_ahead_ms double precision`,
    `comment on column ${s}.delivery_progress.clock_ahead_ms is 'How far the clock of the node was ahead of the store''s; null: not measured.'`,
    `create table ${s}.delivery_replay (
       node_id text not null,
       tenure_epoch bigint not null,
       owner text not null,
       done boolean not null default false,
       renewed_at timestamptz not null default clock_timestamp(),
       primary key (node_id, tenure_epoch)
     )`,
    `comment on table ${s}.delivery_replay is 'Which collector of a node settles the beginning of a tenure against the ledger: one at a time, however many replicas there are.'`,
  ];
}
