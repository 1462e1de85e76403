/** The pause: one row, timed by the store's clock, so that both nodes are paused alike whatever their clocks say. */
export function pauseTable(s: string): string[] {
  return [
    `create table ${s}.pause (
       only_row boolean primary key default true check (only_row),
       number bigint not null,
       for_ms bigint not null check (for_ms >= 0),
       ends_at timestamptz not null,
       operator text not null,
       reason text not null,
       changed_at timestamptz not null default clock_timestamp()
     )`,
    `comment on table ${s}.pause is 'The newest pause: until ends_at no node takes over, fails back or hands over by itself.'`,
    `comment on column ${s}.pause.number is 'Raised by every pause and resume.'`,
    `comment on column ${s}.pause.for_ms is 'How long it was made for; 0: an operator ended it.'`,
    `comment on column ${s}.pause.ends_at is 'By the clock of the store, which alone times it.'`,
    `comment on column ${s}.pause.operator is 'Who paused, or resumed.'`,
    view(s),
    pause(s),
  ];
}

/** As before, with the pause; never with more left than it was made for, should the store's clock be set back. */
function view(s: string): string {
  return `create or replace function ${s}.lease_view() returns json language sql stable as $fn$
    select json_build_object(
      'reign', (select ${s}.reign_document(r) from ${s}.reign r),
      'nodes', coalesce((select json_agg(json_build_object('nodeId', node_id, 'name', name, 'incarnation', incarnation,
          'hostAddress', hostaddress, 'consolePort', nmsbeport, 'natsPort', rmiregistryport, 'lastCount', lastcount,
          'serverRole', serverrole, 'standbyServerName', standbyservername, 'version', version, 'timeZone', time_zone,
          'epoch', epoch) order by name, node_id) from ${s}.befailover), '[]'::json),
      'pause', (select json_build_object('number', number,
          'remainingMs', greatest(0, least(for_ms, ceil(extract(epoch from ends_at - statement_timestamp()) * 1000)))::bigint,
          'endsAt', to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'operator', operator, 'reason', reason) from ${s}.pause),
      'started', extract(epoch from pg_postmaster_start_time())::text)
  $fn$`;
}

// Locked like a change of the membership, and counted as one: what was claimed on an older look finds another number.
function pause(s: string): string {
  return `create function ${s}.lease_pause(p_seen_number bigint, p_for_ms bigint, p_operator text, p_reason text)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
    begin
      select * into r from ${s}.reign for update;
      if not found or coalesce((select number from ${s}.pause), 0) <> p_seen_number then return null; end if;
      insert into ${s}.pause (number, for_ms, ends_at, operator, reason)
      values (p_seen_number + 1, p_for_ms, clock_timestamp() + p_for_ms * interval '1 millisecond', p_operator, p_reason)
      on conflict (only_row) do update set number = excluded.number, for_ms = excluded.for_ms,
        ends_at = excluded.ends_at, operator = excluded.operator, reason = excluded.reason, changed_at = clock_timestamp();
      update ${s}.reign set membership = r.membership + 1, changed_at = clock_timestamp() returning * into r;
      return ${s}.reign_document(r);
    end $fn$`;
}
