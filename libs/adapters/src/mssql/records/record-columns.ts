import type { RecordBatch } from '@hotstandby/ports';
import type { Column } from './column.ts';
import { otherExtra, promotedColumns } from './promoted-extra.ts';

type Syslog = RecordBatch['syslog'][number];
type Trap = RecordBatch['traps'][number];
type Flow = RecordBatch['flows'][number];

// A record without a usable time of reception is still stored: at the beginning of time, where it is seen to be odd.
const received = { name: 'received_at', type: 'instant', otherwise: new Date(0) } as const;

export const syslogColumns: Column<Syslog>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'source_address', type: 'address', of: (r) => r.sourceAddress },
  { name: 'format', type: 'short', of: (r) => r.format, otherwise: 'raw' },
  { name: 'facility', type: 'int2', of: (r) => r.facility },
  { name: 'severity', type: 'int2', of: (r) => r.severity },
  { name: 'timestamp', type: 'instant', of: (r) => r.timestampMs },
  { name: 'hostname', type: 'short', of: (r) => r.hostname },
  { name: 'app_name', type: 'short', of: (r) => r.appName },
  { name: 'proc_id', type: 'short', of: (r) => r.procId },
  { name: 'msg_id', type: 'short', of: (r) => r.msgId },
  { name: 'structured_data', type: 'json', of: (r) => r.structuredData },
  { name: 'message', type: 'text', of: (r) => r.message, otherwise: '' },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytes', of: (r) => r.raw },
];

export const trapColumns: Column<Trap>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'source_address', type: 'address', of: (r) => r.sourceAddress },
  { name: 'version', type: 'short', of: (r) => r.version },
  { name: 'community', type: 'short', of: (r) => r.community },
  { name: 'trap_oid', type: 'short', of: (r) => r.trapOid },
  { name: 'enterprise', type: 'short', of: (r) => r.enterprise },
  { name: 'agent_address', type: 'address', of: (r) => r.agentAddress },
  { name: 'uptime_ticks', type: 'int8', of: (r) => r.uptimeTicks },
  { name: 'varbinds', type: 'json', of: (r) => r.varbinds, otherwise: '[]' },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytes', of: (r) => r.raw },
];

export const flowColumns: Column<Flow>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'exporter', type: 'address', of: (r) => r.exporter },
  { name: 'version', type: 'int2', of: (r) => r.version },
  { name: 'observation_domain', type: 'int8', of: (r) => r.observationDomain },
  { name: 'source_address', type: 'address', of: (r) => r.sourceAddress },
  { name: 'destination_address', type: 'address', of: (r) => r.destinationAddress },
  { name: 'source_port', type: 'int4', of: (r) => r.sourcePort },
  { name: 'destination_port', type: 'int4', of: (r) => r.destinationPort },
  { name: 'protocol', type: 'int2', of: (r) => r.protocol },
  { name: 'packets', type: 'int8', of: (r) => r.packets },
  { name: 'octets', type: 'int8', of: (r) => r.octets },
  { name: 'start_at', type: 'instant', of: (r) => r.startMs },
  { name: 'end_at', type: 'instant', of: (r) => r.endMs },
  { name: 'input_interface', type: 'int8', of: (r) => r.inputInterface },
  { name: 'output_interface', type: 'int8', of: (r) => r.outputInterface },
  { name: 'tcp_flags', type: 'int4', of: (r) => r.tcpFlags },
  { name: 'tos', type: 'int2', of: (r) => r.tos },
  ...promotedColumns,
  { name: 'extra', type: 'json', of: otherExtra },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytes', of: (r) => r.raw },
];

/** The telemetry tables; their rows are `epoch`, these columns, `altered`. */
export const recordTables = {
  syslog_message: syslogColumns,
  snmp_trap: trapColumns,
  flow_record: flowColumns,
} as const satisfies Record<string, readonly Column<never>[]>;

export type RecordTableName = keyof typeof recordTables;
export const recordTableNames = ['syslog_message', 'snmp_trap', 'flow_record'] as const;
