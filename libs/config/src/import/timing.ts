import { brokenRelations, profiles, takeoverWaitMs, type Timing } from '../profiles.ts';
import type { Findings, Place, Setting } from './findings.ts';

/** A whole number of an old configuration, or its default there when it does not say. */
export interface Given {
  value: number;
  place: Place;
}

const longestSeconds = 86_400;

/**
 * The timings of profile `classic` for an old system that updates its counter every `beatSeconds` and takes over when it
 * stood still for `silenceSeconds`. `from` are the numbers that the silence was made from.
 */
export function takeTiming(
  findings: Findings,
  beat: Given,
  silence: { seconds: number; said: string; from: Given[] },
): void {
  const place = silence.from[0]?.place ?? beat.place;
  if (silence.seconds > longestSeconds) {
    findings.refuse(
      place,
      `a take-over within a day, not after ${silence.seconds} s (${silence.said})`,
      'Give smaller numbers: they are seconds.',
    );
    return;
  }
  const leaseTtlMs = silence.seconds * 1000;
  const beatMs = Math.min(beat.value * 1000, Math.floor(leaseTtlMs / 3));
  const timing: Timing = {
    ...profiles.classic,
    beatMs,
    leaseTtlMs,
    fenceLeadMs: Math.min(profiles.classic.fenceLeadMs, Math.floor(leaseTtlMs / 20)),
    statementTimeoutMs: Math.min(profiles.classic.statementTimeoutMs, Math.floor((leaseTtlMs * 3) / 4)),
  };
  for (const rule of brokenRelations(timing)) findings.refuse(place, rule, 'Give numbers that keep this relation.');

  const settings: Setting[] = [
    { field: 'profile', value: 'classic' },
    { field: 'timing', value: differing(timing) },
  ];
  findings.take(
    place,
    settings,
    `leaseTtlMs = ${silence.said} = ${leaseTtlMs}: so long the old standby bore a counter that stood still. Here the active's grant ` +
      `ends after it by itself, and the standby takes over after ${Math.ceil(takeoverWaitMs(timing))} ms.`,
  );
  const shortened = beatMs < beat.value * 1000;
  findings.take(
    beat.place,
    settings,
    `beatMs = min(${beat.value} s, leaseTtlMs / 3) = ${beatMs}${
      shortened
        ? ': with equal or nearly equal values, which the old system allows and warns of, one late beat would end the reign.'
        : '.'
    }`,
  );
}

/** Only what the profile does not say already; undefined: nothing. */
function differing(timing: Timing): Partial<Timing> | undefined {
  const entries = Object.entries(timing).filter(([name, value]) => profiles.classic[name as keyof Timing] !== value);
  return entries.length > 0 ? (Object.fromEntries(entries) as Partial<Timing>) : undefined;
}

/** A whole number from `least` on; undefined, and said, when it is none. */
export function wholeNumber(findings: Findings, text: string, place: Place, least = 1): number | undefined {
  const value = Number(text.trim());
  if (/^\d{1,9}$/.test(text.trim()) && value >= least) return value;
  findings.refuse(place, `a whole number from ${least} on`, 'Write digits only, without a unit.');
  return undefined;
}

/** `true` or `false` in whatever letters; undefined, and said, when it is neither. */
export function trueOrFalse(findings: Findings, text: string, place: Place): boolean | undefined {
  const value = text.trim().toLowerCase();
  if (value === 'true' || value === 'false') return value === 'true';
  findings.refuse(place, 'true or false', 'Write true or false.');
  return undefined;
}
