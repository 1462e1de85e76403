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
    `drop function ${s}.lease_claim(text, text, jsonb, bigint, text, jsonb)`,
    incarnation(s),
    live(s),
    view(s),
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
  return `create or replace function ${s}.lease_enter(p json) returns json language plpgsql as $fn$
    begin
      perform ${s}.live();
      insert into ${s}.befailover as b (node_id, name, incarnation, hostaddress, nmsbeport, rmiregistryport, lastcount,
                                        serverrole, version, time_zone, remembers_epoch, remembers_membership)
      values (p->>'nodeId', p->>'name', p->>'incarnation', p->>'hostAddress', (p->>'consolePort')::int,
              (p->>'natsPort')::int, 1, p->>'serverRole', p->>'version', p->>'timeZone',
              (p->'remembers'->>'epoch')::bigint, (p->'remembers'->>'membership')::bigint)
      on conflict (node_id) do update set
        name = excluded.name, hostaddress = excluded.hostaddress, nmsbeport = excluded.nmsbeport,
        rmiregistryport = excluded.rmiregistryport, serverrole = excluded.serverrole, version = excluded.version,
        time_zone = excluded.time_zone, remembers_epoch = excluded.remembers_epoch,
        remembers_membership = excluded.remembers_membership, incarnation = excluded.incarnation, lastcount = b.lastcount + 1,
        epoch = case when b.incarnation = excluded.incarnation then b.epoch end,
        standbyservername = case when b.incarnation = excluded.incarnation then b.standbyservername end,
        entered_at = clock_timestamp(), beaten_at = clock_timestamp()
        where p->'replaces' is null or b.incarnation in (p->>'replaces', excluded.incarnation);
      return ${s}.lease_view();
    end $fn$`;
}

/**
 * What a node remembers is for the day on which the store has forgotten: that waits for the disk. And where a replica has to
 * have every commit, beats wait for it: a server that was cut off and replaced must renew nobody's grant.
 */
function beat(s: string): string {
  return `create or replace function ${s}.lease_beat(p_node text, p_incarnation text, p_epoch bigint, p_count bigint,
                                                     p_role text, p_timeline text, p_remembers_epoch bigint,
                                                     p_remembers_membership bigint)
    returns json language plpgsql as $fn$
    declare
      v_outcome text := 'renewed';
      v_count bigint := p_count;
      v_same boolean := p_epoch is null or p_timeline is not distinct from ${s}.timeline();
    begin
      perform ${s}.live();
      perform 1 from ${s}.befailover where node_id = p_node and remembers_epoch = p_remembers_epoch
                                       and remembers_membership = p_remembers_membership
                                       and current_setting('synchronous_standby_names') = '';
      if found then perform set_config('synchronous_commit', 'off', true); end if;
      update ${s}.befailover set lastcount = p_count, serverrole = p_role, beaten_at = clock_timestamp(),
             remembers_epoch = p_remembers_epoch, remembers_membership = p_remembers_membership
       where node_id = p_node and incarnation = p_incarnation and (p_epoch is null or epoch = p_epoch)
         and lastcount < p_count and v_same;
      if not found then
        select case when incarnation <> p_incarnation or (p_epoch is not null and epoch is distinct from p_epoch)
                    then 'ended' when v_same then 'overtaken' else 'other-timeline' end, lastcount
          into v_outcome, v_count from ${s}.befailover where node_id = p_node;
      end if;
      return json_build_object('outcome', coalesce(v_outcome, 'ended'), 'lastCount', coalesce(v_count, 0),
                               'view', ${s}.lease_view());
    end $fn$`;
}

/** `p_server`: its incarnation, as the claimer saw it. Null: whichever answers. */
function claim(s: string): string {
  return `create function ${s}.lease_claim(p_node text, p_incarnation text, p_seen jsonb, p_holder_count bigint,
                                           p_timeline text, p_rebase jsonb, p_server text)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
      v_holder ${s}.befailover;
      v_epoch bigint;
    begin
      if p_timeline is distinct from ${s}.timeline() then return null; end if;
      -- Beats may have been forgotten since, so that the counter is what it was.
      if p_server is not null and p_server is distinct from ${s}.incarnation() then return null; end if;
      perform 1 from ${s}.befailover where node_id in (p_node, p_seen->>'holder') order by node_id for update;
      select * into r from ${s}.reign for update;
      if not found or ${s}.reign_document(r) <> p_seen then return null; end if;
      perform 1 from ${s}.befailover where node_id = p_node and incarnation = p_incarnation;
      if not found then return null; end if;
      if p_rebase is null and r.epoch > 0 and r.timeline is distinct from p_timeline then return null; end if;
      v_epoch := coalesce((p_rebase->>'epoch')::bigint, r.epoch + 1);
      if v_epoch <= r.epoch or v_epoch <= (select max(remembers_epoch) from ${s}.befailover) then return null; end if;

      if r.holder is not null then
        select * into v_holder from ${s}.befailover where node_id = r.holder;
        -- No row, or one without an epoch (a new incarnation has entered): no beat can renew that reign any more.
        if v_holder.lastcount is distinct from p_holder_count or v_holder.epoch <> r.epoch then return null; end if;
        update ${s}.befailover set epoch = null, serverrole = 'STANDBY', standbyservername = null
         where node_id = r.holder;
      elsif p_holder_count is not null then
        return null;
      end if;

      update ${s}.reign set epoch = v_epoch, holder = p_node, holder_incarnation = p_incarnation,
             last_holder = p_node, standby = null, standby_incarnation = null,
             membership = coalesce((p_rebase->>'membership')::bigint, r.membership + 1),
             handover_to = null, changed_at = clock_timestamp(), timeline = p_timeline,
             tenure_epoch = coalesce((p_rebase->>'tenureEpoch')::bigint,
               case when coalesce(r.holder, r.last_holder) = p_node then r.tenure_epoch else v_epoch end)
      returning * into r;
      update ${s}.befailover set epoch = r.epoch, serverrole = 'PRIMARY', standbyservername = null,
             lastcount = lastcount + 1, beaten_at = clock_timestamp(), remembers_epoch = r.epoch,
             remembers_membership = r.membership
       where node_id = p_node;
      return ${s}.reign_document(r);
    end $fn$`;
}
