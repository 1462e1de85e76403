import type { RecordCount } from './records.ts';

export interface RunReport {
  seconds: number;
  episodes: number;
  faults: number;
  /** Claims: every epoch is one reign. */
  reigns: number;
  /** Episodes after which another epoch reigns. */
  moved: number;
  switchovers: number;
  /** Epochs that changed although nothing was broken that may end a reign. */
  falseTakeOvers: number;
  longestMendMs: number;
  grants: number;
  answers: number;
  /** How long two hosts answered for the virtual IP, in ms, each time. */
  rivalries: number[];
  longestWithoutGrantMs: number;
  transitions: number;
  records: RecordCount;
  violations: string[];
}

export function reportLines(report: RunReport): string[] {
  const { records, rivalries } = report;
  const ms = (value: number) => `${Math.round(value)} ms`;
  return [
    `${report.faults} faults in ${report.episodes} episodes and ${report.seconds.toFixed(0)} s; whole again within ${ms(report.longestMendMs)} at most`,
    `${report.reigns} reigns in ${report.grants} grants; ${report.moved} episodes ended a reign, ${report.switchovers} had a switchover; false take-overs ${report.falseTakeOvers}`,
    `telemetry: ${records.sent} sent, ${records.stored} stored, ${records.lostInTrouble} lost while what takes it in was broken, ${records.lostInLapse} while nobody had a grant or the address, ${records.missingOutside.length} otherwise`,
    `virtual IP: ${report.answers} answers; two hosts answered ${rivalries.length} times, ${ms(Math.max(0, ...rivalries))} at most; a host was away from every grant of its own for ${ms(report.longestWithoutGrantMs)} at most`,
    `history: ${report.transitions} transitions, each looked at for its rule and its evidence`,
    `violations ${report.violations.length}`,
    ...report.violations.map((one) => `  ${one}`),
  ];
}
