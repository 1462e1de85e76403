import type { Span } from '../grant-watch.ts';

/** Somebody answered "who has the virtual IP?", in ms of the monotonic clock. */
export interface Answer {
  atMs: number;
  mac: string;
}

/** A binder was killed or frozen then: it cannot take its address off the host. */
export interface BinderLoss {
  node: string;
  atMs: number;
}

/**
 * How long a host may answer for the address after its binder was killed or frozen: the address was added with a life of
 * 6 s (`validSeconds` of network-binding), which the kernel counts in whole seconds. With the grant held by the kernel
 * this becomes the rest of the grant.
 */
export const abandonedAddressMs = 7500;

/**
 * How long two hosts may answer otherwise: letting go begins before the grant ends, but is a program that must get the
 * processor, on a machine that is kept busy on purpose.
 */
export const lateRemovalMs = 500;

/** An answer stands for this long: it is asked every 10 ms, and some answers are late. */
const standsMs = 30;

export interface Rivalry {
  fromMs: number;
  toMs: number;
}

/** From when to when two hosts answered. Gaps of up to a second count in: the rivals answer in turn. */
export function rivalriesOf(answers: readonly Answer[]): Rivalry[] {
  const lastOf = new Map<string, number>();
  const rivalries: Rivalry[] = [];
  for (const { atMs, mac } of answers) {
    const rival = [...lastOf].some(([other, seenMs]) => other !== mac && atMs - seenMs <= standsMs);
    lastOf.set(mac, atMs);
    if (!rival) continue;
    const open = rivalries.at(-1);
    if (open && atMs - open.toMs <= 1000) open.toMs = atMs;
    else rivalries.push({ fromMs: atMs, toMs: atMs });
  }
  return rivalries;
}

/** Sentences about two hosts that answered for longer than they may. */
export function judgeRivalries(rivalries: readonly Rivalry[], losses: readonly BinderLoss[]): string[] {
  return rivalries.flatMap(({ fromMs, toMs }) => {
    const lastLoss = losses.filter((loss) => loss.atMs <= toMs).at(-1);
    const untilMs = Math.max(fromMs + lateRemovalMs, (lastLoss?.atMs ?? -Infinity) + abandonedAddressMs);
    if (toMs <= untilMs) return [];
    const when = lastLoss
      ? `, ${Math.round(fromMs - lastLoss.atMs)} ms after the binder of ${lastLoss.node} was hurt`
      : '';
    return [`two hosts answered for the virtual IP for ${Math.round(toMs - fromMs)} ms${when}`];
  });
}

/** The longest time in ms that a host answered after its right had ended, before it got the next one. */
export function longestWithoutGrantMs(
  answers: readonly Answer[],
  spans: readonly Span[],
  nodeOf: Map<string, string>,
): number {
  let longest = 0;
  for (const { atMs, mac } of answers) {
    const own = spans.filter((span) => span.node === nodeOf.get(mac) && span.fromMs <= atMs);
    if (own.length === 0) continue;
    longest = Math.max(longest, atMs - Math.max(...own.map((span) => span.toMs)));
  }
  return longest;
}

/** Sentences about a host that answered longer after the end of its right than an abandoned address lives. */
export function judgeLateAnswers(longestMs: number): string[] {
  return longestMs <= abandonedAddressMs
    ? []
    : [`a host answered for the virtual IP ${Math.round(longestMs)} ms after its grant had ended`];
}
