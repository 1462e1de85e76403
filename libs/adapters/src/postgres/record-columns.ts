import type { RecordBatch } from '@hotstandby/ports';
import type { Column } from './column.ts';
import { otherExtra, promotedColumns } from './promoted-extra.ts';

type Syslog = RecordBatch['syslog'][number];
type Trap = RecordBatch['traps'][number];
type Flow = RecordBatch['flows'][number];

// A record without a usable time of reception is still stored: at the beginning of time, where it is seen to be odd.
const received = { name: 'received_at', type: 'timestamptz', otherwise: new Date(0).toISOString() } as const;

export const syslogColumns: Column<Syslog>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'source_address', type: 'inet', of: (r) => r.sourceAddress },
  { name: 'format', type: 'text', of: (r) => r.format, otherwise: 'raw' },
  { name: 'facility', type: 'int2', of: (r) => r.facility },
  { name: 'severity', type: 'int2', of: (r) => r.severity },
  { name: '"timestamp"', type: 'timestamptz', of: (r) => r.timestampMs },
  { name: 'hostname', type: 'text', of: (r) => r.hostname },
  { name: 'app_name', type: 'text', of: (r) => r.appName },
  { name: 'proc_id', type: 'text', of: (r) => r.procId },
  { name: 'msg_id', type: 'text', of: (r) => r.msgId },
  { name: 'structured_data', type: 'jsonb', of: (r) => r.structuredData },
  { name: 'message', type: 'text', of: (r) => r.message, otherwise: '' },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytea', of: (r) => r.raw },
];

export const trapColumns: Column<Trap>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'source_address', type: 'inet', of: (r) => r.sourceAddress },
  { name: 'version', type: 'text', of: (r) => r.version },
  { name: 'community', type: 'text', of: (r) => r.community },
  { name: 'trap_oid', type: 'text', of: (r) => r.trapOid },
  { name: 'enterprise', type: 'text', of: (r) => r.enterprise },
  { name: 'agent_address', type: 'inet', of: (r) => r.agentAddress },
  { name: 'uptime_ticks', type: 'int8', of: (r) => r.uptimeTicks },
  { name: 'varbinds', type: 'jsonb', of: (r) => r.varbinds, otherwise: '[]' },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytea', of: (r) => r.raw },
];

/** What flows of one template and datagram have alike. */
export const flowRunColumns: Column<Pick<Flow, 'receivedAtMs' | 'exporter' | 'version' | 'observationDomain'>>[] = [
  { ...received, of: (r) => r.receivedAtMs },
  { name: 'exporter', type: 'inet', of: (r) => r.exporter },
  { name: 'version', type: 'int2', of: (r) => r.version },
  { name: 'observation_domain', type: 'int8', of: (r) => r.observationDomain },
];

export const flowColumns: Column<Flow>[] = [
  ...flowRunColumns,
  { name: 'source_address', type: 'inet', of: (r) => r.sourceAddress },
  { name: 'destination_address', type: 'inet', of: (r) => r.destinationAddress },
  { name: 'source_port', type: 'int4', of: (r) => r.sourcePort },
  { name: 'destination_port', type: 'int4', of: (r) => r.destinationPort },
  { name: 'protocol', type: 'int2', of: (r) => r.protocol },
  { name: 'packets', type: 'int8', of: (r) => r.packets },
  { name: 'octets', type: 'int8', of: (r) => r.octets },
  { name: 'start_at', type: 'timestamptz', of: (r) => r.startMs },
  { name: 'end_at', type: 'timestamptz', of: (r) => r.endMs },
  { name: 'input_interface', type: 'int8', of: (r) => r.inputInterface },
  { name: 'output_interface', type: 'int8', of: (r) => r.outputInterface },
  { name: 'tcp_flags', type: 'int4', of: (r) => r.tcpFlags },
  { name: 'tos', type: 'int2', of: (r) => r.tos },
  ...promotedColumns,
  { name: 'extra', type: 'jsonb', of: otherExtra },
  { name: 'malformed', type: 'text', of: (r) => r.malformed },
  { name: 'raw', type: 'bytea', of: (r) => r.raw },
];
