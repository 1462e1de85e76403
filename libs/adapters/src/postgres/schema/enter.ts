/**
 * A node takes its row only from the incarnation that it saw there: what a dead incarnation sent comes late to a row that is
 * its successor's by then, and changes nothing. A program that knows less says nothing of that, and takes it as before.
 *
 * A new incarnation begins without an epoch: whatever an earlier one still sends matches nothing any more.
 */
export function enterInOrder(s: string): string[] {
  return [
    `create or replace function ${s}.lease_enter(p json) returns json language plpgsql as $fn$
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
        entered_at = clock_timestamp(), beaten_at = clock_timestamp()
        where p->'replaces' is null or b.incarnation in (p->>'replaces', excluded.incarnation);
      return ${s}.lease_view();
    end $fn$`,
  ];
}
