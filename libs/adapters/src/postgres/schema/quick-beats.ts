/**
 * Beats do not wait for the disk: a counter is compared by those who saw it, and who learns that the server forgot some
 * begins to wait anew. So the lease depends on the store's memory for its beats, and on its disk only for what changes who
 * holds it (docs/adr/0026-a-beat-does-not-wait-for-the-disk.md).
 *
 * What has to be known for that is whether the server lost what it had acknowledged. A start of it says so; so does the
 * death of one of its processes, after which it recovers from its log under the same start. Unlogged tables are emptied
 * by just that (PostgreSQL's documentation of CREATE TABLE, UNLOGGED): `life` holds a name that does not survive it.
 */
export function quickBeats(s: string): string[] {
  return [
    `create unlogged table ${s}.life (only_row boolean primary key default true check (only_row), name text not null)`,
    `comment on table ${s}.life is 'A name made anew whenever the server has crashed: beats from before that may be forgotten.'`,
    incarnation(s),
    live(s),
    view(s),
    `alter function ${s}.lease_enter(json) rename to lease_enter_row`,
    `alter function ${s}.lease_beat(text, text, bigint, bigint, text, text, bigint, bigint) rename to lease_beat_row`,
    `alter function ${s}.lease_claim(text, text, jsonb, bigint, text, jsonb) rename to lease_claim_row`,
    enter(s),
    beat(s),
    claim(s),
  ];
}

/** Of the server, as claims name it. Null: nobody has beaten since it crashed. */
function incarnation(s: string): string {
  return `create function ${s}.incarnation() returns text language sql stable as $fn$
    select ${s}.timeline() || '/' || extract(epoch from pg_postmaster_start_time())::text || '/' || name from ${s}.life
  $fn$`;
}

/** Before the view is made that goes with it. */
function live(s: string): string {
  return `create function ${s}.live() returns void language plpgsql as $fn$
    begin
      if not exists (select from ${s}.life) then
        insert into ${s}.life (name) values (gen_random_uuid()) on conflict do nothing;
      end if;
    end $fn$`;
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
      'incarnation', coalesce(${s}.incarnation(), ''),
      'timeline', ${s}.timeline())
  $fn$`;
}

function enter(s: string): string {
  return `create function ${s}.lease_enter(p json) returns json language plpgsql as $fn$
    begin
      perform ${s}.live();
      return ${s}.lease_enter_row(p);
    end $fn$`;
}

/**
 * What a node remembers is for the day on which the store has forgotten: that waits for the disk. And where a replica has to
 * have every commit, beats wait for it: a server that was cut off and replaced must renew nobody's grant.
 */
function beat(s: string): string {
  return `create function ${s}.lease_beat(p_node text, p_incarnation text, p_epoch bigint, p_count bigint, p_role text,
                                          p_timeline text, p_remembers_epoch bigint, p_remembers_membership bigint)
    returns json language plpgsql as $fn$
    begin
      perform ${s}.live();
      perform 1 from ${s}.befailover where node_id = p_node and remembers_epoch = p_remembers_epoch
                                       and remembers_membership = p_remembers_membership
                                       and current_setting('synchronous_standby_names') = '';
      if found then perform set_config('synchronous_commit', 'off', true); end if;
      return ${s}.lease_beat_row(p_node, p_incarnation, p_epoch, p_count, p_role, p_timeline, p_remembers_epoch,
                                 p_remembers_membership);
    end $fn$`;
}

/**
 * `p_server`: its incarnation, as the claimer saw it; another one may have forgotten beats, so that the counter is what it was.
 * Null: whichever answers.
 */
function claim(s: string): string {
  return `create function ${s}.lease_claim(p_node text, p_incarnation text, p_seen jsonb, p_holder_count bigint,
                                           p_timeline text, p_rebase jsonb, p_server text)
    returns jsonb language plpgsql as $fn$
    begin
      if p_server is not null and p_server is distinct from ${s}.incarnation() then return null; end if;
      return ${s}.lease_claim_row(p_node, p_incarnation, p_seen, p_holder_count, p_timeline, p_rebase);
    end $fn$`;
}
