import { paused, silentMs } from './state.ts';
import type { Turn } from './turn.ts';

/** Says when a pause began and ended: the active says it, and where it is silent whoever sees that. */
export function tellPause(turn: Turn): void {
  const { state, nowMs } = turn;
  const { pause, saidPause, view } = state;
  if (!view) return;
  const now = pause && paused(state, nowMs) ? pause.number : null;
  if (now === saidPause) return;
  turn.set({ saidPause: now });
  // What is found at the start was told by whoever was there.
  if (saidPause === undefined || !mayTell(turn)) return;
  if (now !== null && pause) {
    const { number, endsAt, untilMs, operator, reason } = pause;
    const forMs = Math.round(untilMs - nowMs);
    turn.fact({ type: 'pause.begun', data: { number, endsAt, forMs, operator, reason } });
  } else if (saidPause !== null) {
    const resumed = view.pause !== null && view.pause.number > saidPause;
    const operator = resumed ? (view.pause?.operator ?? null) : null;
    const how = resumed ? 'resumed' : 'elapsed';
    turn.fact({ type: 'pause.ended', data: { number: saidPause, how, operator } });
  }
}

function mayTell({ state, nowMs }: Turn): boolean {
  if (state.role === 'active') return true;
  const holder = state.view?.reign.holder ?? null;
  if (holder === null) return true;
  return (silentMs(state, holder, nowMs) ?? Number.POSITIVE_INFINITY) > state.timing.takeoverWaitMs;
}
