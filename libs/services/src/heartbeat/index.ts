export { Heartbeat, type HeartbeatParts } from './heartbeat.ts';
