export type * from './records.ts';
export { decodeSyslog } from './syslog/decode-syslog.ts';
export { decodeTrap } from './snmp/decode-trap.ts';
