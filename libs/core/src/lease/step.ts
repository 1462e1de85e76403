import { answered } from './answered.ts';
import { beaten } from './beaten.ts';
import { clocksChanged } from './clocks.ts';
import { believed, doubted, reasonToDoubt } from './doubt.ts';
import { beginHandOver, continueHandOver } from './hand-over.ts';
import { beginForced, endForced } from './force.ts';
import type { LeaseEffect, LeaseInput } from './messages.ts';
import { observe } from './observe.ts';
import { act } from './act.ts';
import { promiseAsked, promised } from './promise.ts';
import { tellPause } from './tell-pause.ts';
import { tellStandby } from './tell-standby.ts';
import { settleRole } from './settle-role.ts';
import { standbyLostMs, type LeaseState } from './state.ts';
import { Turn } from './turn.ts';

/**
 * The whole of the lease: a state and something that happened in, the next state and what to do out. No clock, no
 * chance, no waiting. Effects are done in their order.
 */
export function step(state: LeaseState, input: LeaseInput): { state: LeaseState; effects: LeaseEffect[] } {
  const turn = new Turn(state, input.nowMs);
  if (!take(turn, input)) return { state, effects: [] };

  fenceInTime(turn);
  settleRole(turn);
  tellStandby(turn);
  tellPause(turn);
  continueHandOver(turn);
  endForced(turn);
  act(turn);

  const changed = turn.state.role !== state.role || turn.state.grant !== state.grant;
  // A permit is the word of an arbiter that hears one of the other voters: on a tick alone it would live for ever.
  const heard = input.kind === 'seen' || input.kind === 'ordered' || input.kind === 'promised';
  if (changed || heard) turn.announce(heard);
  return { state: turn.state, effects: inOrder(turn.effects) };
}

/** False: the input says nothing (any more). */
function take(turn: Turn, input: LeaseInput): boolean {
  switch (input.kind) {
    case 'seen':
      return seen(turn, input);
    case 'store-failed':
      return storeFailed(turn, input);
    case 'ordered':
      answered(turn, input);
      return true;
    case 'promise-asked':
      promiseAsked(turn, input.asked);
      return true;
    case 'promised':
      return promised(turn, input.asked, input.sentAtMs);
    case 'hand-over':
      beginHandOver(turn, input);
      return true;
    case 'force':
      beginForced(turn, input);
      return true;
    case 'prepared': {
      const { handOver, grant } = turn.state;
      if (handOver?.phase !== 'preparing') return false;
      // A service that did not answer may still believe the grant, so the lease is not released before it has ended.
      const releaseNotBeforeMs = input.late.length > 0 && grant ? grant.deadlineMs : turn.nowMs;
      turn.set({ handOver: { ...handOver, releaseNotBeforeMs } });
      return true;
    }
    case 'barred':
      turn.set({ barred: input.reason });
      return true;
    case 'clocks':
      clocksChanged(turn, input);
      return true;
    case 'tick':
      return true;
  }
}

function seen(turn: Turn, input: Extract<LeaseInput, { kind: 'seen' }>): boolean {
  const before = turn.state;
  if (input.sentAtMs <= before.newestSentAtMs) return false;
  const reason = reasonToDoubt(before, input.view);
  // Asked before the peer told of a higher epoch: it was right then.
  if (reason && input.sentAtMs <= before.toldAtMs) return false;
  if (before.store.saidLost) {
    turn.fact({
      type: 'store.found',
      data: { awayMs: Math.round(input.nowMs - (before.store.lastAnswerMs ?? before.startedAtMs)) },
    });
  }
  if (reason) {
    doubted(turn, input, reason);
    return true;
  }
  turn.set(observe(before, input));
  believed(turn, input.view.reign);
  if (input.beat) beaten(turn, input.beat, input.sentAtMs, input.wallMs);
  return true;
}

function storeFailed(turn: Turn, input: Extract<LeaseInput, { kind: 'store-failed' }>): boolean {
  const { store, startedAtMs, timing } = turn.state;
  if (input.sentAtMs <= turn.state.newestSentAtMs) return false;
  const awayMs = input.nowMs - (store.lastAnswerMs ?? startedAtMs);
  // People are told of an outage, not of a stall (single missed beats are heartbeat's to tell), and a pair that is
  // being started has its time to find its store.
  const patienceMs = store.lastAnswerMs === null ? Math.max(10_000, standbyLostMs(timing)) : standbyLostMs(timing);
  const lost = awayMs >= patienceMs;
  if (lost && !store.saidLost) turn.fact({ type: 'store.lost', data: { fault: input.fault, message: input.message } });
  turn.set({ store: { ...store, message: `${input.fault}: ${input.message}`, saidLost: store.saidLost || lost } });
  return true;
}

function fenceInTime(turn: Turn): void {
  const { role, grant, timing, barred, doubt, highestEpoch } = turn.state;
  if (role !== 'active') return;
  if (barred) turn.fence('fence-barred', barred);
  else if (doubt && grant && grant.epoch < highestEpoch) turn.fence('fence-forgotten', doubt.why);
  else if (!grant || turn.nowMs >= grant.deadlineMs - timing.fenceLeadMs) {
    turn.fence('fence-lapsing', 'no voter renewed the grant in time');
  }
}

/**
 * Gates that shut are told first: nothing leaves the node before that. Then the node's memory: what a grant or a claim rests
 * on is on its disk before anybody acts by it. Then gates that open, heartbeat and the store; history and facts come last,
 * because a take-over waits for nothing that only people read.
 */
function inOrder(effects: LeaseEffect[]): LeaseEffect[] {
  const ordered = effects.every((effect, index) => index === 0 || rankOf(effects[index - 1]) <= rankOf(effect));
  return ordered ? effects : effects.toSorted((one, other) => rankOf(one) - rankOf(other));
}

function rankOf(effect: LeaseEffect | undefined): number {
  switch (effect?.do) {
    case 'grant':
      return effect.epoch === null ? 0 : 2;
    case 'remember':
      return 1;
    case 'permit':
      return 3;
    case 'order':
      return 4;
    default:
      return 5;
  }
}
