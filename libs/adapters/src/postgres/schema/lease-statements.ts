/**
 * The statements of the lease, one function each, so that each is one message and one transaction. Locks are taken in
 * one order everywhere: rows of `befailover` by node id, then `reign`. Every statement inside a function sees what was
 * committed before it began (read committed), and a row that had to be waited for as it is then.
 */
export function leaseStatements(s: string): string[] {
  const earlier = [
    'lease_enter(json)',
    'lease_beat(text, text, bigint, bigint, text)',
    'lease_claim(text, text, jsonb, bigint)',
    'lease_register(bigint, text, bigint, text, text, text)',
    'lease_readopt(text, text, jsonb)',
    'lease_release(bigint, text, text)',
    'guard(bigint, text)',
  ];
  const dropped = earlier.map((signature) => `drop function if exists ${s}.${signature}`);
  return [...dropped, enter(s), beat(s), claim(s), register(s), readopt(s), release(s), guard(s)];
}

// A new incarnation begins without an epoch: whatever an earlier one still sends matches nothing any more.
function enter(s: string): string {
  return `create function ${s}.lease_enter(p json) returns json language plpgsql as $fn$
    begin
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
        entered_at = clock_timestamp(), beaten_at = clock_timestamp();
      return ${s}.lease_view();
    end $fn$`;
}

function beat(s: string): string {
  return `create function ${s}.lease_beat(p_node text, p_incarnation text, p_epoch bigint, p_count bigint, p_role text,
                                          p_timeline text, p_remembers_epoch bigint, p_remembers_membership bigint)
    returns json language plpgsql as $fn$
    declare
      v_outcome text := 'renewed';
      v_count bigint := p_count;
      v_same boolean := p_epoch is null or p_timeline is not distinct from ${s}.timeline();
    begin
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

function claim(s: string): string {
  return `create function ${s}.lease_claim(p_node text, p_incarnation text, p_seen jsonb, p_holder_count bigint,
                                           p_timeline text, p_rebase jsonb)
    returns jsonb language plpgsql as $fn$
    declare
      r ${s}.reign;
      v_holder ${s}.befailover;
      v_epoch bigint;
    begin
      if p_timeline is distinct from ${s}.timeline() then return null; end if;
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
         or r.timeline is distinct from ${s}.timeline()
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
      if not found or ${s}.reign_document(r) <> p_seen or r.standby is distinct from p_node
         or r.timeline is distinct from ${s}.timeline()
      then return null; end if;
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
         or r.holder_incarnation <> p_incarnation or r.timeline is distinct from ${s}.timeline()
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
 * wait for the claim. `reign` is read after the lock was had, by a statement of its own. On another timeline than the
 * reign's nothing is written: a later reign may have been forgotten.
 */
function guard(s: string): string {
  return `create function ${s}.guard(p_epoch bigint, p_incarnation text) returns void language plpgsql as $fn$
    begin
      lock table ${s}.reign in share mode;
      perform 1 from ${s}.reign where epoch = p_epoch and holder_incarnation = p_incarnation
                                   and timeline = ${s}.timeline();
      if not found then
        raise exception 'the reign of epoch % is over', p_epoch using errcode = 'HS001';
      end if;
    end $fn$`;
}
