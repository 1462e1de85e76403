/** Alerts on their way out. */
export function outboxTables(s: string): string[] {
  return [
    `create table ${s}.outbox (
       id text primary key,
       kind text not null,
       subject text not null,
       text text not null,
       created_at timestamptz not null,
       epoch bigint not null,
       state text not null default 'due' check (state in ('due', 'sent', 'failed')),
       attempts integer not null default 0,
       due_at timestamptz not null default clock_timestamp(),
       reason text,
       settled_at timestamptz
     )`,
    `create index outbox_due on ${s}.outbox (due_at) where state = 'due'`,
    `comment on table ${s}.outbox is 'Alerts to be mailed, and for a month those that were.'`,
    `comment on column ${s}.outbox.id is 'Derived from the event: the same alert raised twice is one row.'`,
    `comment on column ${s}.outbox.state is 'due: to be sent at due_at; sent; failed: given up, reason says why.'`,
    `comment on column ${s}.outbox.due_at is 'By the clock of the store.'`,
  ];
}
