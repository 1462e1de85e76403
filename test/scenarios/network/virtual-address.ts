import type { Span } from '../grant-watch.ts';
import type { Lapse } from './lapses.ts';

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
 * How long a host may seem to answer without a grant: the checker hears grants over NATS, and misses those from before it
 * has found its way to a server that has just started, or is busy, which the node's binder has heard.
 */
export const unheardGrantMs = (leaseTtlMs: number): number => leaseTtlMs + 2000;

/** An answer stands for this long: it is asked every 10 ms, and some answers are late. */
const standsMs = 30;

export interface Rivalry {
  fromMs: number;
  toMs: number;
}

/** An answer comes every 10 ms; a silence is longer than some late ones. */
const silentAfterMs = 30;

/** When nobody answered for the address: what is sent to it then arrives nowhere. */
export function silencesOf(answers: readonly Answer[]): Lapse[] {
  return answers.flatMap(({ atMs }, index) => {
    const next = answers[index + 1];
    return next && next.atMs - atMs > silentAfterMs ? [{ fromMs: atMs, toMs: next.atMs }] : [];
  });
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

/** The longest time in ms between an answer and the nearest grant of the host that gave it. */
export function longestWithoutGrantMs(
  answers: readonly Answer[],
  spans: readonly Span[],
  nodeOf: Map<string, string>,
): number {
  let longest = 0;
  for (const { atMs, mac } of answers) {
    const own = spans.filter((span) => span.node === nodeOf.get(mac));
    const distances = own.map(({ fromMs, toMs }) => Math.max(0, fromMs - atMs, atMs - toMs));
    longest = Math.max(longest, Math.min(...distances));
  }
  return longest;
}

/** Sentences about a host that answered further from every grant of its own than grants that were not heard explain. */
export function judgeLateAnswers(longestMs: number, leaseTtlMs: number): string[] {
  return longestMs <= unheardGrantMs(leaseTtlMs)
    ? []
    : [`a host answered for the virtual IP ${Math.round(longestMs)} ms away from every grant that it had`];
}
