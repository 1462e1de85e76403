import type { ForcedEnd, LeaseInput } from './messages.ts';
import { silentMs } from './state.ts';
import type { Turn } from './turn.ts';

type Asked = Extract<LeaseInput, { kind: 'force' }>;

/** An operator takes the lease for this node. The claim itself is `claim.ts`'s, with every wait; this begins and ends it. */
export function beginForced(turn: Turn, { operator, reason, epoch }: Asked): void {
  const { role, view, self, barred, store, forced, timing } = turn.state;
  const end = (ended: ForcedEnd) => turn.effects.push({ do: 'forced', ended });
  if (role === 'active') return void end({ done: true, message: `${self.name} is active already` });
  if (forced) return void end({ done: false, code: 'HS_BUSY', message: 'a forced take-over is under way' });
  if (barred) return void end({ done: false, code: 'HS_STORE_WENT_BACK', message: barred });
  if (!view || store.message !== null) {
    const message = `a claim needs the store, which does not answer (${store.message ?? 'not once yet'})`;
    return void end({ done: false, code: 'HS_STORE_UNREACHABLE', message });
  }
  // What the operator vouches for is what he saw: a request may have waited at a node that was frozen.
  if (epoch !== null && epoch !== view.reign.epoch) return void end(begunSince(view.reign.epoch, epoch));
  // Long enough for every wait, should the last sign of life or promise be of this moment.
  const untilMs = turn.nowMs + 2 * timing.takeoverWaitMs + 1000;
  turn.set({ forced: { operator, reason, epoch: view.reign.epoch, askedAtMs: turn.nowMs, untilMs } });
}

/** Ends it: this node is active, the holder gave a sign of life since, or the time is up. */
export function endForced(turn: Turn): void {
  const { state, nowMs } = turn;
  const { forced, role, view, self, promisedAtMs } = state;
  if (!forced) return;
  const end = (ended: ForcedEnd) => {
    turn.set({ forced: null });
    turn.effects.push({ do: 'forced', ended });
  };
  if (role === 'active') return end({ done: true, message: `${self.name} is active` });
  if (state.pending === 'claim' || state.claiming) return;
  if (view && view.reign.epoch !== forced.epoch) return end(begunSince(view.reign.epoch, forced.epoch));
  const holder = view?.reign.holder ?? null;
  const name = view?.nodes.find((node) => node.nodeId === holder)?.name ?? 'the holder';
  const alive = (where: string) =>
    end({ done: false, code: 'HS_HOLDER_ALIVE', message: `${name} gives signs of life ${where}` });
  const silent = holder === null || holder === self.nodeId ? null : silentMs(state, holder, nowMs);
  if (silent !== null && nowMs - silent > forced.askedAtMs) return alive('in the store');
  if (promisedAtMs > forced.askedAtMs) return alive('over the line between the nodes');
  if (nowMs < forced.untilMs) return;
  end({ done: false, code: 'HS_STORE_UNREACHABLE', message: 'the store granted no claim in time' });
}

const begunSince = (epoch: number, asked: number): ForcedEnd => ({
  done: false,
  code: 'HS_HOLDER_ALIVE',
  message: `epoch ${epoch} is not the one that the take-over was asked for (${asked})`,
});
