/** What was stored of which datagrams, for whoever takes over. */
export function ledgerTables(s: string): string[] {
  return [
    `create table ${s}.delivery_ledger (
       id bigint generated always as identity primary key,
       epoch bigint not null,
       node_id text not null,
       first_received_at timestamptz not null,
       last_received_at timestamptz not null,
       stored_datagrams integer not null,
       settled_datagrams integer not null,
       stored bytea not null,
       settled bytea not null,
       stored_at timestamptz not null default clock_timestamp()
     )`,
    // Digests do not compress; trying would cost every commit.
    `alter table ${s}.delivery_ledger alter column stored set storage external, alter column settled set storage external`,
    `create index delivery_ledger_last_received_at on ${s}.delivery_ledger (last_received_at)`,
    `create index delivery_ledger_stored_at on ${s}.delivery_ledger using brin (stored_at)`,
    `comment on table ${s}.delivery_ledger is 'One row a committed batch: digests and receive times of its datagrams.'`,
    `comment on column ${s}.delivery_ledger.stored is 'Packed entries of the datagrams whose records the batch stored.'`,
    `comment on column ${s}.delivery_ledger.settled is 'Of those that were left out, because an earlier tenure had stored their other copy.'`,
    `create table ${s}.delivery_progress (
       node_id text primary key,
       epoch bigint not null,
       settled_before timestamptz not null,
       noted_at timestamptz not null default clock_timestamp()
     )`,
    `comment on table ${s}.delivery_progress is 'Up to when each node, while active, had stored all that it received; by its clock.'`,
  ];
}

/** A message of INGEST bears its own name into every copy of the stream, so its name alone marks it. */
export function deliveredByName(s: string): string[] {
  return [
    `drop table ${s}.delivered_frame`,
    `create table ${s}.delivered_frame (
       message_id text primary key,
       epoch bigint not null,
       stored_at timestamptz not null default clock_timestamp()
     )`,
    `create index delivered_frame_stored_at on ${s}.delivered_frame using brin (stored_at)`,
    `comment on table ${s}.delivered_frame is 'Messages of INGEST whose rows are stored: one that is delivered again is skipped.'`,
  ];
}
