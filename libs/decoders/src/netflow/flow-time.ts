import { recordTimeMs } from '../time/civil-time.ts';

/** The clock of an export: what relative times are relative to. */
export interface ExportClock {
  /** When the datagram was exported, ms since 1970. */
  exportMs: number;
  /** When the exporter started, ms since 1970; null: not known (IPFIX before its systemInitTimeMilliseconds). */
  bootMs: number | null;
}

const wrapMs = 2 ** 32;
// Some exporters stamp a flow a little after the header's time.
const aheadMs = 3_600_000;

/** Uptime in ms, which begins anew every 49.7 days, as absolute time: the latest that is not after the export. */
export function uptimeToMs(uptimeMs: number, clock: ExportClock): number | null {
  if (clock.bootMs === null) return null;
  const once = clock.bootMs + uptimeMs;
  return recordTimeMs(once + wrapMs * Math.floor((clock.exportMs + aheadMs - once) / wrapMs));
}

/** Microseconds before the export (RFC 7011, flowStartDeltaMicroseconds). */
export function deltaToMs(deltaMicroseconds: number, clock: ExportClock): number | null {
  return recordTimeMs(clock.exportMs - deltaMicroseconds / 1000);
}
