import type { Sent } from './report.ts';
import { type TrafficKind, trafficKinds } from './traffic/generator.ts';

/** What the traffic's process wrote down. */
export function sentOf(log: string): Sent[] {
  return log
    .split('\n')
    .filter((line) => trafficKinds.some((kind) => line.startsWith(`${kind} `)))
    .map((line) => {
      const [kind, sequence, atMs] = line.split(' ');
      return { kind: kind as TrafficKind, sequence: Number(sequence), atMs: Number(atMs) };
    });
}
