import type { Span } from '../grant-watch.ts';

/** Somebody answered "who has the virtual IP?", in ms of the monotonic clock. */
export interface Answer {
  atMs: number;
  mac: string;
}

/**
 * How long two hosts may answer at a time. The kernel stops answering with the grant, so the right value is none; what is
 * left is a process that was frozen in the very moment in which it passed a grant on (docs/binding.md, Limits), and how
 * late an answer may be heard on a machine that is kept busy on purpose.
 */
export const rivalsAnswerMs = 500;

/**
 * How long a host may seem to answer without a grant: the checker hears grants over NATS, and misses some while the
 * node's server is away, which its binder may have heard; and the same 500 ms.
 */
export const unheardGrantMs = (leaseTtlMs: number): number => leaseTtlMs + rivalsAnswerMs;

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

/** Sentences about two hosts that answered for longer than they may; `startedMs` is the beginning of the timeline. */
export function judgeRivalries(rivalries: readonly Rivalry[], startedMs: number): string[] {
  return rivalries
    .filter(({ fromMs, toMs }) => toMs - fromMs > rivalsAnswerMs)
    .map(({ fromMs, toMs }) => {
      const at = ((fromMs - startedMs) / 1000).toFixed(1);
      return `two hosts answered for the virtual IP for ${Math.round(toMs - fromMs)} ms, from ${at} s on`;
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

/** Sentences about a host that answered longer after the end of its grant than a grant that was not heard explains. */
export function judgeLateAnswers(longestMs: number, leaseTtlMs: number): string[] {
  return longestMs <= unheardGrantMs(leaseTtlMs)
    ? []
    : [`a host answered for the virtual IP ${Math.round(longestMs)} ms after its grant had ended`];
}
