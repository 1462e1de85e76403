import type { LeaseInput } from './messages.ts';
import type { Turn } from './turn.ts';

type Clocks = Extract<LeaseInput, { kind: 'clocks' }>;

/**
 * The machine was suspended, or its wall clock was stepped: what was sent before may have been answered long ago.
 *
 * After a suspension the grant is gone, whatever the monotonic clock says, and every wait begins anew. A wall clock that is
 * put forward may be the correction after a pause of the whole machine, which neither of its other clocks shows: the grant
 * is believed for that much less, and when nothing would be left of it, only until a beat at once has had time to confirm it.
 */
export function clocksChanged(turn: Turn, { suspendedMs, steppedMs }: Clocks): void {
  const { nowMs } = turn;
  if (suspendedMs !== null) {
    turn.fact({ type: 'clock.suspended', data: { forMs: suspendedMs } });
    if (turn.state.role === 'active') {
      turn.fence('fence-suspended', `the machine was suspended for ${suspendedMs} ms`, { suspendedMs });
    }
    turn.set({ grant: null, wokeAtMs: nowMs, renewsFromMs: nowMs });
  }
  if (steppedMs === null) return;
  turn.fact({ type: 'clock.stepped', data: { byMs: steppedMs } });
  const { grant, timing, role } = turn.state;
  if (role !== 'active' || !grant || steppedMs < 0) return;
  const shortenedMs = grant.deadlineMs - steppedMs;
  const confirmedByMs = nowMs + timing.fenceLeadMs + 2 * timing.beatMs;
  const mayHaveLapsed = shortenedMs - timing.fenceLeadMs <= nowMs;
  turn.set({
    grant: { ...grant, deadlineMs: Math.max(shortenedMs, Math.min(grant.deadlineMs, confirmedByMs)) },
    renewsFromMs: nowMs,
    // A promise renews only a grant that is valid, and nobody knows whether this one is.
    unconfirmed: turn.state.unconfirmed || mayHaveLapsed,
  });
  turn.effects.push({ do: 'beat-now' });
}
