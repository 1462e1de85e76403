/** What the first step of the schema shows of the lease. Later steps show more of it. */
export function leaseFunctions(s: string): string[] {
  return [reignDocument(s), view(s)];
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
