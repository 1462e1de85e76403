/**
 * The store's timeline: every reign says under which one it was claimed, every node's row how far that node has seen the
 * reigns go. So a promoted replica or a restored backup is found out by whoever looks, and nothing is believed of it.
 */
export function timelineColumns(s: string): string[] {
  return [
    `alter table ${s}.reign add column timeline text`,
    `comment on column ${s}.reign.timeline is 'System identifier and timeline of the server when the reign was claimed. Another one now: commits may be lost.'`,
    `alter table ${s}.befailover add column remembers_epoch bigint not null default 0,
                                 add column remembers_membership bigint not null default 0`,
    `comment on column ${s}.befailover.remembers_epoch is 'The highest epoch that the node has on its own disk.'`,
    `comment on column ${s}.befailover.remembers_membership is 'And the number of the membership within it.'`,
    timeline(s),
    `update ${s}.reign set timeline = ${s}.timeline() where epoch > 0`,
    reignDocument(s),
    view(s),
  ];
}

/**
 * Read from the server process itself: it takes writes on one timeline for as long as it lives, so what is compared inside
 * a statement cannot change before its commit. A promotion ends recovery, and a connection to a replica is never used.
 */
function timeline(s: string): string {
  return `create function ${s}.timeline() returns text language sql stable as $fn$
    select (select system_identifier from pg_control_system())::text || '/'
           || left(pg_walfile_name(pg_current_wal_lsn()), 8)
  $fn$`;
}

function reignDocument(s: string): string {
  return `create or replace function ${s}.reign_document(r ${s}.reign) returns jsonb language sql stable as $fn$
    select jsonb_build_object('epoch', r.epoch, 'holder', r.holder, 'holderIncarnation', r.holder_incarnation,
      'lastHolder', r.last_holder, 'standby', r.standby, 'standbyIncarnation', r.standby_incarnation,
      'membership', r.membership, 'handoverTo', r.handover_to, 'tenureEpoch', r.tenure_epoch, 'timeline', r.timeline)
  $fn$`;
}

function view(s: string): string {
  return `create or replace function ${s}.lease_view() returns json language sql stable as $fn$
    select json_build_object(
      'reign', (select ${s}.reign_document(r) from ${s}.reign r),
      'nodes', coalesce((select json_agg(json_build_object('nodeId', node_id, 'name', name, 'incarnation', incarnation,
          'hostAddress', hostaddress, 'consolePort', nmsbeport, 'natsPort', rmiregistryport, 'lastCount', lastcount,
          'serverRole', serverrole, 'standbyServerName', standbyservername, 'version', version, 'timeZone', time_zone,
          'epoch', epoch, 'remembers', json_build_object('epoch', remembers_epoch, 'membership', remembers_membership))
        order by name, node_id) from ${s}.befailover), '[]'::json),
      'pause', (select json_build_object('number', number,
          'remainingMs', greatest(0, least(for_ms, ceil(extract(epoch from ends_at - statement_timestamp()) * 1000)))::bigint,
          'endsAt', to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'operator', operator, 'reason', reason) from ${s}.pause),
      'started', extract(epoch from pg_postmaster_start_time())::text,
      'timeline', ${s}.timeline())
  $fn$`;
}
