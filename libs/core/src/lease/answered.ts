import { becomeByClaim, beginTenure } from './beaten.ts';
import type { LeaseInput, OrderAnswer } from './messages.ts';
import { adopt } from './observe.ts';
import { takeBackMs } from './state.ts';
import type { Turn } from './turn.ts';

type Ordered = Extract<LeaseInput, { kind: 'ordered' }>;

/** The answer to the one order in flight. */
export function answered(turn: Turn, { order, result, wallMs }: Ordered): void {
  if (turn.state.pending !== order) return;
  const before = turn.state;
  // What `enter` shows is a look like any other: the next one, which follows at once, is weighed.
  turn.set({ pending: null, viewStale: result.outcome !== 'done' || order === 'enter' });
  if (result.outcome === 'done' && result.reign) {
    if (order !== 'enter') {
      turn.set(adopt(turn.state, result.reign, result.receivedAtMs));
      turn.remember(result.reign, result.reign.epoch);
    }
    turn.set({ newestSentAtMs: Math.max(before.newestSentAtMs, result.sentAtMs) });
  }
  if (order === 'register') {
    const { outcome } = result;
    if (outcome === 'unknown') turn.set({ membershipUnknown: true });
    else if (outcome === 'done') turn.set({ membershipUnknown: false });
  }
  if (order === 'claim') claimAnswered(turn, result, wallMs);
  else if (order === 'release') releaseAnswered(turn, result);
}

function claimAnswered(turn: Turn, result: OrderAnswer, wallMs: number): void {
  const { claiming, timing } = turn.state;
  // Unknown: whether it was carried out shows in the next answer, and only a beat then gives the grant.
  if (result.outcome === 'unknown') return;
  turn.set({ claiming: null });
  if (result.outcome !== 'done' || !result.reign || !claiming) return;

  const { epoch } = result.reign;
  // A claim of its own empties the place, so whatever was unknown about it is over.
  turn.set({ membershipUnknown: false, saidStandby: null, doubt: null });
  const deadlineMs = result.sentAtMs + timing.leaseTtlMs;
  if (turn.nowMs >= deadlineMs - timing.fenceLeadMs || result.sentAtMs < turn.state.renewsFromMs) {
    // Whoever was kept active by promises is not so under an epoch that it has replaced itself.
    if (turn.state.role === 'active')
      turn.fence('fence-lapsing', 'the claim that re-bases the lease was answered too late');
    return;
  }
  turn.set({ grant: { epoch, deadlineMs }, unconfirmed: false });
  beginTenure(turn, wallMs);
  if (turn.state.handOver) {
    turn.effects.push({
      do: 'handed-over',
      ended: {
        done: false,
        code: 'HS_SWITCHOVER_TIMEOUT',
        message: 'the standby did not claim in time; the lease was taken back',
      },
    });
    turn.set({ handOver: null });
  }
  becomeByClaim(turn, claiming, 'the store granted the claim');
  turn.fact({
    type: 'lease.granted',
    data: {
      rule: claiming.rule,
      takeoverWaitMs: timing.takeoverWaitMs,
      claimMs: result.receivedAtMs - result.sentAtMs,
    },
  });
}

function releaseAnswered(turn: Turn, result: OrderAnswer): void {
  const { handOver, timing } = turn.state;
  if (result.outcome === 'not-sent') {
    // It never left this node, so the epoch may be renewed again.
    turn.set({ releasedEpoch: null, handOver: null });
    if (handOver) endHandOver(turn, 'the store was out of reach; the reign goes on');
    return;
  }
  if (result.outcome === 'refused') {
    turn.set({ handOver: null });
    if (handOver) endHandOver(turn, 'the reign had ended before the lease could be released');
    return;
  }
  if (!handOver) return;
  turn.set({ handOver: { ...handOver, phase: 'released', deadlineMs: turn.nowMs + takeBackMs(timing) } });
  turn.fact({ type: 'lease.released', data: { to: handOver.target } });
  if (turn.state.releasedEpoch !== null) turn.effects.push({ do: 'tell-peer', epoch: turn.state.releasedEpoch });
  if (handOver.final) turn.effects.push({ do: 'handed-over', ended: { done: true, to: handOver.target ?? 'nobody' } });
}

function endHandOver(turn: Turn, message: string): void {
  turn.effects.push({ do: 'handed-over', ended: { done: false, code: 'HS_SWITCHOVER_TIMEOUT', message } });
}
