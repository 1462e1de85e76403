/** Ids and addresses compare octet by octet, whatever the collation of the database; texts of senders as the database does. */
const exact = 'COLLATE Latin1_General_100_BIN2';
const id = `nvarchar(200) ${exact}`;
const address = `varchar(45) ${exact}`;
const short = 'nvarchar(400)';
const now = 'DEFAULT SYSUTCDATETIME()';

/**
 * Telemetry as people query it, the sums by minute, and what is kept of deliveries. Names and meaning as on PostgreSQL, whose
 * comments say what each is; times are UTC. One statement each.
 */
export function recordTables(s: string): string[] {
  return [
    telemetry(
      s,
      'syslog_message',
      `source_address ${address} NULL,
       [format] ${short} NOT NULL,
       facility smallint NULL,
       severity smallint NULL,
       [timestamp] datetime2(3) NULL,
       hostname ${short} NULL,
       app_name ${short} NULL,
       proc_id ${short} NULL,
       msg_id ${short} NULL,
       structured_data nvarchar(max) NULL,
       [message] nvarchar(max) NOT NULL,`,
    ),
    telemetry(
      s,
      'snmp_trap',
      `source_address ${address} NULL,
       [version] ${short} NULL,
       community ${short} NULL,
       trap_oid ${short} NULL,
       enterprise ${short} NULL,
       agent_address ${address} NULL,
       uptime_ticks bigint NULL,
       varbinds nvarchar(max) NOT NULL,`,
    ),
    telemetry(
      s,
      'flow_record',
      `exporter ${address} NULL,
       [version] smallint NULL,
       observation_domain bigint NULL,
       source_address ${address} NULL,
       destination_address ${address} NULL,
       source_port int NULL,
       destination_port int NULL,
       [protocol] smallint NULL,
       packets bigint NULL,
       octets bigint NULL,
       start_at datetime2(3) NULL,
       end_at datetime2(3) NULL,
       input_interface bigint NULL,
       output_interface bigint NULL,
       tcp_flags int NULL,
       tos smallint NULL,
       next_hop ${address} NULL,
       source_as bigint NULL,
       destination_as bigint NULL,
       source_prefix bigint NULL,
       destination_prefix bigint NULL,
       extra nvarchar(max) NULL,`,
    ),
    ...minuteTable(s, 'traffic', { input_interface: 'bigint', output_interface: 'bigint' }),
    ...minuteTable(s, 'applications', { protocol: 'smallint', port: 'int' }),
    ...minuteTable(s, 'conversations', {
      source_address: address,
      destination_address: address,
      protocol: 'smallint',
      port: 'int',
    }),
    ...deliveries(s),
  ];
}

/**
 * In the order of reception, so that new rows are added at one end and old ones deleted from the other. No lock of many rows
 * becomes one of the table: collectors and readers would wait for each other's batches.
 */
function telemetry(s: string, table: string, columns: string): string {
  return `CREATE TABLE ${s}.${table} (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       received_at datetime2(3) NOT NULL,
       ${columns}
       malformed nvarchar(max) NULL,
       [raw] varbinary(max) NULL,
       altered nvarchar(max) NULL,
       stored_at datetime2(3) NOT NULL ${now},
       PRIMARY KEY CLUSTERED (received_at, id)
     );
     ${withoutTableLocks(`${s}.${table}`)}`;
}

const withoutTableLocks = (table: string) => `ALTER TABLE ${table} SET (LOCK_ESCALATION = DISABLE)`;

/** Every transaction that stores flows adds rows of its own to the `_part` tables; the views add them up. */
function minuteTable(s: string, name: string, keys: Record<string, string>): string[] {
  const part = `${s}.${name}_part`;
  const columns = Object.entries(keys).map(([key, type]) => `[${key}] ${type} NOT NULL`);
  const names = ['minute', 'exporter', ...Object.keys(keys)].map((key) => `p.[${key}]`).join(', ');
  // The sum of a bigint column is a bigint here, and an error when it does not fit.
  const sums = ['flows', 'packets', 'octets'].map((total) => `SUM(CONVERT(decimal(38, 0), p.${total})) AS ${total}`);
  return [
    `CREATE TABLE ${part} (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       [minute] datetime2(3) NOT NULL,
       exporter ${address} NULL,
       ${columns.join(',\n       ')},
       flows bigint NOT NULL,
       packets bigint NOT NULL,
       octets bigint NOT NULL,
       PRIMARY KEY CLUSTERED ([minute], id)
     );
     ${withoutTableLocks(part)}`,
    `CREATE VIEW ${s}.${name} AS SELECT ${names}, ${sums.join(', ')} FROM ${part} AS p GROUP BY ${names}`,
  ];
}

function deliveries(s: string): string[] {
  return [
    `CREATE TABLE ${s}.delivered_frame (
       message_id ${id} NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       stored_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE INDEX delivered_frame_stored_at ON ${s}.delivered_frame (stored_at)`,
    `CREATE TABLE ${s}.delivery_ledger (
       id bigint IDENTITY(1, 1) NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       node_id ${id} NOT NULL,
       first_received_at datetime2(3) NOT NULL,
       last_received_at datetime2(3) NOT NULL,
       stored_datagrams int NOT NULL,
       settled_datagrams int NOT NULL,
       stored varbinary(max) NOT NULL,
       settled varbinary(max) NOT NULL,
       clock_ahead_ms float NULL,
       stored_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE INDEX delivery_ledger_last_received_at ON ${s}.delivery_ledger (last_received_at)`,
    `CREATE INDEX delivery_ledger_stored_at ON ${s}.delivery_ledger (stored_at)`,
    `CREATE TABLE ${s}.delivery_progress (
       node_id ${id} NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       settled_before datetime2(3) NOT NULL,
       clock_ahead_ms float NULL,
       noted_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE TABLE ${s}.delivery_replay (
       node_id ${id} NOT NULL,
       tenure_epoch bigint NOT NULL,
       [owner] ${id} NOT NULL,
       done bit NOT NULL DEFAULT 0,
       renewed_at datetime2(3) NOT NULL ${now},
       PRIMARY KEY (node_id, tenure_epoch)
     )`,
  ];
}
