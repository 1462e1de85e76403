/** Telemetry tables and the time by which each is partitioned. */
const recordTables = ['syslog_message', 'snmp_trap', 'flow_record'] as const;

/**
 * Each telemetry table becomes the `_rest` of a table that is partitioned by the day of reception: rows that are there stay
 * where they are, and so does whatever comes for a day that has no partition (a node whose clock is wrong).
 */
export function partitionedRecords(s: string): string[] {
  return recordTables.flatMap((table) => {
    const [whole, rest, ids] = [`${s}.${table}`, `${s}.${table}_rest`, `${s}.${table}_id`];
    return [
      // Numbers in lots of a thousand: drawing each alone would cost more than storing the row.
      `create sequence ${ids} cache 1000`,
      `select setval('${ids}', (select coalesce(max(id), 0) + 1 from ${whole}), false)`,
      `alter table ${whole} rename to ${table}_rest`,
      `alter table ${rest} alter column id drop identity`,
      `alter table ${rest} drop constraint ${table}_pkey`,
      `alter index ${s}.${table}_received_at rename to ${table}_rest_received_at`,
      `alter table ${rest} alter column id set default nextval('${ids}')`,
      // The time of the statement: a clock that is read for every row keeps COPY from storing many at once.
      `alter table ${rest} alter column stored_at set default statement_timestamp()`,
      `create table ${whole} (like ${rest} including defaults including comments) partition by range (received_at)`,
      `alter sequence ${ids} owned by ${whole}.id`,
      `create index ${table}_received_at on ${whole} (received_at)`,
      `alter table ${whole} attach partition ${rest} default`,
      `comment on table ${rest} is 'Rows of days that have no partition of their own.'`,
    ];
  });
}

/** Comments of tables, which `like` does not take over. */
export function describedRecords(s: string): string[] {
  return [
    `comment on table ${s}.syslog_message is 'Syslog messages (RFC 5424, RFC 3164), what did not parse included. A partition a day of received_at.'`,
    `comment on table ${s}.snmp_trap is 'SNMP notifications. A partition a day of received_at.'`,
    `comment on table ${s}.flow_record is 'Flows (NetFlow v5 and v9, IPFIX as version 10), sFlow as version 105. A partition a day of received_at.'`,
  ];
}
