import { stalled, stalls, type SimulatedTiming } from '@hotstandby/testing/simulator';

/** Of a stall's length, in parts of the lease. */
const parts = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4];

/** What a stall of each length costs, for each of what may stand still: lapses and take-overs of a hundred. */
export async function printStalls(seed: number, times: number, timing: SimulatedTiming): Promise<void> {
  const { beatMs, leaseTtlMs, fenceLeadMs, takeoverWaitMs } = timing;
  console.log(
    `beat ${beatMs} ms, lease ${leaseTtlMs} ms, fence lead ${fenceLeadMs} ms, take-over wait ${takeoverWaitMs.toFixed(0)} ms: lapses / take-overs in 100 stalls`,
  );
  console.log(['stall ms', ...stalled].map((word) => word.padStart(12)).join(''));
  for (const part of parts) {
    const stallMs = part * leaseTtlMs;
    const cells: string[] = [];
    for (const what of stalled) {
      const { stalls: made, lapses, takeOvers } = await stalls(seed, { timing, what, stallMs, times });
      cells.push(`${Math.round((100 * lapses) / made)} / ${Math.round((100 * takeOvers) / made)}`);
    }
    console.log([stallMs.toFixed(0), ...cells].map((word) => word.padStart(12)).join(''));
  }
}
