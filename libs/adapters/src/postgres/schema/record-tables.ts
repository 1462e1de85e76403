/** Telemetry as people query it. Columns are named after the decoders' records. */
export function recordTables(s: string): string[] {
  return [...syslogMessage(s), ...snmpTrap(s), ...flowRecord(s), ...deliveredFrame(s)];
}

/** What every telemetry table begins and ends with. */
const head = `
  id bigint generated always as identity primary key,
  epoch bigint not null,
  received_at timestamptz not null`;
const tail = `
  malformed text,
  raw bytea,
  altered text,
  stored_at timestamptz not null default clock_timestamp()`;

function described(s: string, table: string, sentence: string): string[] {
  return [
    `create index ${table}_received_at on ${s}.${table} (received_at)`,
    `comment on table ${s}.${table} is '${sentence}'`,
    `comment on column ${s}.${table}.epoch is 'The reign under which the row was stored.'`,
    `comment on column ${s}.${table}.received_at is 'By the clock of the node whose socket it came to.'`,
    `comment on column ${s}.${table}.malformed is 'What is wrong with the datagram; then raw holds it as it came.'`,
    `comment on column ${s}.${table}.altered is 'Values that this table cannot hold, in words; their columns are empty.'`,
    `comment on column ${s}.${table}.stored_at is 'By the clock of the store.'`,
  ];
}

function syslogMessage(s: string): string[] {
  return [
    `create table ${s}.syslog_message (${head},
       source_address inet,
       format text not null,
       facility smallint,
       severity smallint,
       "timestamp" timestamptz,
       hostname text,
       app_name text,
       proc_id text,
       msg_id text,
       structured_data jsonb,
       message text not null,${tail}
     )`,
    ...described(s, 'syslog_message', 'Syslog messages (RFC 5424, RFC 3164), what did not parse included.'),
    `comment on column ${s}.syslog_message.severity is '0 emergency, 1 alert, 2 critical, 3 error, 4 warning, 5 notice, 6 informational, 7 debug.'`,
    `comment on column ${s}.syslog_message."timestamp" is 'What the sender says.'`,
  ];
}

function snmpTrap(s: string): string[] {
  return [
    `create table ${s}.snmp_trap (${head},
       source_address inet,
       version text,
       community text,
       trap_oid text,
       enterprise text,
       agent_address inet,
       uptime_ticks bigint,
       varbinds jsonb not null,${tail}
     )`,
    ...described(s, 'snmp_trap', 'SNMP notifications.'),
    `comment on column ${s}.snmp_trap.trap_oid is 'snmpTrapOID; for version 1 made from generic and specific trap (RFC 3584).'`,
    `comment on column ${s}.snmp_trap.uptime_ticks is 'Hundredths of a second since the agent started.'`,
    `comment on column ${s}.snmp_trap.varbinds is 'List of oid, type and value.'`,
  ];
}

function flowRecord(s: string): string[] {
  return [
    `create table ${s}.flow_record (${head},
       exporter inet,
       version smallint,
       observation_domain bigint,
       source_address inet,
       destination_address inet,
       source_port integer,
       destination_port integer,
       protocol smallint,
       packets bigint,
       octets bigint,
       start_at timestamptz,
       end_at timestamptz,
       input_interface bigint,
       output_interface bigint,
       tcp_flags integer,
       tos smallint,
       extra jsonb,${tail}
     )`,
    ...described(s, 'flow_record', 'Flows (NetFlow v5 and v9, IPFIX as version 10).'),
    `comment on column ${s}.flow_record.protocol is 'IANA number: 1 ICMP, 6 TCP, 17 UDP.'`,
    `comment on column ${s}.flow_record.extra is 'Everything else the exporter sent, by IANA name.'`,
  ];
}

function deliveredFrame(s: string): string[] {
  return [
    `create table ${s}.delivered_frame (
       node_id text not null,
       stream_id text not null,
       sequence bigint not null,
       epoch bigint not null,
       stored_at timestamptz not null default clock_timestamp(),
       primary key (node_id, stream_id, sequence)
     )`,
    `create index delivered_frame_stored_at on ${s}.delivered_frame using brin (stored_at)`,
    `comment on table ${s}.delivered_frame is 'Messages of INGEST whose rows are stored: one that is delivered again is skipped.'`,
  ];
}
