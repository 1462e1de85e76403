/**
 * The statements of the lease, one function each, so that each is one message and one transaction. Locks are taken in
 * one order everywhere: rows of `befailover` by node id, then `reign`. Every statement inside a function sees what was
 * committed before it began (read committed), and a row that had to be waited for as it is then.
 */
export function leaseFunctions(s: string): string[] {
  return [reignDocument(s), view(s), enter(s), beat(s), claim(s), register(s), readopt(s), release(s), guard(s)];
}

function reignDocument(s: string): string {
  return `create function ${s}.reign_document(r ${s}.reign) returns jsonb language sql stable as $fn$
    select jsonb_build_object('epoch', r.epoch, 'holder', r.holder, 'holderIncarnation', r.holder_incarnation,
      'lastHolder', r.last_holder, 'standby', r.standby, 'standbyIncarnation', r.standby_incarnation,
      'membership', r.membership, 'handoverTo', r.handover_to, 'tenureEpoch', r.tenure_epoch)
  $fn$`;
}

function view(s: string): string {
  return `create function ${s}.lease_view() returns json language sql stable as $fn$
    select json_build_object(
      'reign', (select ${s}.reign_document(r) from ${s}.reign r),
      'nodes', coalesce((select json_agg(json_build_object('nodeId', node_id, 'name', name, 'incarnation', incarnation,
          'hostAddress', hostaddress, 'consolePort', nmsbeport, 'natsPort', rmiregistryport, 'lastCount', lastcount,
          'serverRole', serverrole, 'standbyServerName', standbyservername, 'version', version, 'timeZone', time_zone,
          'epoch', epoch) order by name, node_id) from ${s}.befailover), '[]'::json),
      'started', extract(epoch from pg_postmaster_start_time())::text)
  $fn$`;
}

// A new incarnation begins without an epoch: whatever an earlier one still sends matches nothing any more.
function enter(s: string): string {
  return `create function ${s}.lease_enter(p json) returns json language plpgsql as $fn$
    begin
      insert into ${s}.befailover as b (node_id, name, incarnation, hostaddress, nmsbeport, rmiregistryport, lastcount,
                                        serverrole, version, time_zone)
      values (p->>'nodeId', p->>'name', p->>'incarnation', p->>'hostAddress', (p->>'consolePort')::int,
              (p->>'natsPort')::int, 1, p->>'serverRole', p->>'version', p->>'timeZone')
      on conflict (node_id) do update set
        name = excluded.name, hostaddress = excluded.hostaddress, nmsbeport = excluded.nmsbeport,
        rmiregistryport = excluded.rmiregistryport, serverrole = excluded.serverrole, version = excluded.version,
        time_zone = excluded.time_zone, incarnation = excluded.incarnation, lastcount = b.lastcount + 1,
        epoch = case when b.incarnation = excluded.incarnation then b.epoch end,
        standbyservername = case when b.incarnation = excluded.incarnation then b.standbyservername end,
        entered_at = clock_timestamp(), beaten_at = clock_timestamp();
      return ${s}.lease_view();
    end $fn$`;
}

function beat(s: string): string {
  return `create function ${s}.lease_beat(p_node text, p_incarnation text, p_epoch bigint, p_count bigint, p_role text)
    returns json language plpgsql as $fn$
    declare
      v_outcome text := 'renewed';
      v_count bigint := p_count;
    begin
      update ${s}.befailover set lastcount = p_count, serverrole = p_role, beaten_at = clock_timestamp()
       where node_id = p_node and incarnation = p_incarnation and (p_epoch is null or epoch = p_epoch)
         and lastcount < p_count;
      if not found then
        select case when incarnation = p_incarnation and (p_epoch is null or epoch = p_epoch)
                    then 'overtaken' else 'ended' end, lastcount
          into v_outcome, v_count from ${s}.befailover where node_id = p_node;
      end if;
      return json_build_object('outcome', coalesce(v_outcome, 'ended'), 'lastCount', coalesce(v_count, 0),
                               'view', ${s}.lease_view());
    end $fn$`;
}

function claim(s: string): string {
  return `create function ${s}.lease_claim(p_node text, p_incarnation text, p_seen jsonb, p_holder_count bigint)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
      v_holder ${s}.befailover;
    begin
      perform 1 from ${s}.befailover where node_id in (p_node, p_seen->>'holder') order by node_id for update;
      select * into r from ${s}.reign for update;
      if not found or ${s}.reign_document(r) <> p_seen then return null; end if;
      perform 1 from ${s}.befailover where node_id = p_node and incarnation = p_incarnation;
      if not found then return null; end if;

      if r.holder is not null then
        select * into v_holder from ${s}.befailover where node_id = r.holder;
        -- No row, or one without an epoch (a new incarnation has entered): no beat can renew that reign any more.
        if v_holder.lastcount is distinct from p_holder_count or v_holder.epoch <> r.epoch then return null; end if;
        update ${s}.befailover set epoch = null, serverrole = 'STANDBY', standbyservername = null
         where node_id = r.holder;
      elsif p_holder_count is not null then
        return null;
      end if;

      update ${s}.reign set epoch = r.epoch + 1, holder = p_node, holder_incarnation = p_incarnation,
             last_holder = p_node, standby = null, standby_incarnation = null, membership = r.membership + 1,
             handover_to = null, changed_at = clock_timestamp(),
             tenure_epoch = case when coalesce(r.holder, r.last_holder) = p_node then r.tenure_epoch else r.epoch + 1 end
      returning * into r;
      update ${s}.befailover set epoch = r.epoch, serverrole = 'PRIMARY', standbyservername = null,
             lastcount = lastcount + 1, beaten_at = clock_timestamp()
       where node_id = p_node;
      return ${s}.reign_document(r);
    end $fn$`;
}

function register(s: string): string {
  return `create function ${s}.lease_register(p_epoch bigint, p_incarnation text, p_membership bigint, p_standby text,
                                              p_standby_incarnation text, p_forget text)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
      v_active text := (select holder from ${s}.reign);
      v_name text;
    begin
      perform 1 from ${s}.befailover where node_id in (v_active, p_standby, p_forget) order by node_id for update;
      select * into r from ${s}.reign for update;
      if not found or r.holder is null or r.holder is distinct from v_active or r.epoch <> p_epoch
         or r.holder_incarnation <> p_incarnation or r.membership <> p_membership or r.holder = p_standby
      then return null; end if;
      if p_standby is not null then
        select name into v_name from ${s}.befailover where node_id = p_standby and incarnation = p_standby_incarnation;
        if not found then return null; end if;
      end if;
      delete from ${s}.befailover where node_id = p_forget and node_id <> r.holder and node_id is distinct from p_standby;
      update ${s}.reign set standby = p_standby, standby_incarnation = p_standby_incarnation,
             membership = r.membership + 1, changed_at = clock_timestamp()
      returning * into r;
      update ${s}.befailover set standbyservername = v_name where node_id = r.holder;
      return ${s}.reign_document(r);
    end $fn$`;
}

function readopt(s: string): string {
  return `create function ${s}.lease_readopt(p_node text, p_incarnation text, p_seen jsonb)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
    begin
      perform 1 from ${s}.befailover where node_id = p_node and incarnation = p_incarnation for update;
      if not found then return null; end if;
      select * into r from ${s}.reign for update;
      if not found or ${s}.reign_document(r) <> p_seen or r.standby is distinct from p_node then return null; end if;
      update ${s}.reign set standby_incarnation = p_incarnation, membership = r.membership + 1,
             changed_at = clock_timestamp()
      returning * into r;
      return ${s}.reign_document(r);
    end $fn$`;
}

// The holder's row loses its epoch with the lease, so no beat that comes later renews what was let go of.
function release(s: string): string {
  return `create function ${s}.lease_release(p_epoch bigint, p_incarnation text, p_handover_to text)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
      v_active text := (select holder from ${s}.reign);
    begin
      perform 1 from ${s}.befailover where node_id = v_active for update;
      select * into r from ${s}.reign for update;
      if not found or r.holder is null or r.holder is distinct from v_active or r.epoch <> p_epoch
         or r.holder_incarnation <> p_incarnation
      then return null; end if;
      update ${s}.befailover set epoch = null, serverrole = 'STANDBY', standbyservername = null where node_id = r.holder;
      update ${s}.reign set holder = null, holder_incarnation = null, last_holder = r.holder,
             handover_to = p_handover_to, changed_at = clock_timestamp()
      returning * into r;
      return ${s}.reign_document(r);
    end $fn$`;
}

/**
 * Sent in one message with the commit of every guarded write. The table lock is shared by all guards, conflicts with every
 * change of `reign`, and, unlike row locks, queues: a claim waits for the commits under way, and guards that come later
 * wait for the claim. `reign` is read after the lock was had, by a statement of its own.
 */
function guard(s: string): string {
  return `create function ${s}.guard(p_epoch bigint, p_incarnation text) returns void language plpgsql as $fn$
    begin
      lock table ${s}.reign in share mode;
      perform 1 from ${s}.reign where epoch = p_epoch and holder_incarnation = p_incarnation;
      if not found then
        raise exception 'the reign of epoch % is over', p_epoch using errcode = 'HS001';
      end if;
    end $fn$`;
}
