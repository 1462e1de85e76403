import { parseBsdTime, parseEpochTime, parseUptime } from './bsd-time.ts';
import type { BsdTime } from './bsd-time.ts';

/** What stands in front of a BSD message: a time, and what devices put before it. */
export interface DeviceFront {
  /** Null: a device without time stamps that was recognised by the rest. */
  time: BsdTime | null;
  end: number;
  hostname: string | null;
  sequence: string | undefined;
  /** The task that wrote it (Cisco's wireless controllers). */
  task: string | null;
}

// Cisco puts a message counter, its name (on IOS XR the card) and a sequence number in front of the time, each with a colon,
// each optional.
const counters = /(?:(\d{1,10}): ?)(?:(?!\d+:)([A-Za-z0-9][A-Za-z0-9._/-]{0,254}): ?)?(?:(\d{1,10}): ?)?|: ?/y;
const named = /([A-Za-z0-9][A-Za-z0-9._-]{0,254}): ?(?:(\d{1,10}): ?)?(?:\*([A-Za-z0-9_]{1,64}): ?)?/y;
/** Behind a time or counter: Cisco's facility, severity and mnemonic, by which it is known for sure. */
const mnemonic = / ?[%#][A-Za-z0-9_]/y;

/** Null: the text begins with none. */
export function parseFront(text: string, offset: number, receivedAtMs: number): DeviceFront | null {
  const start = behindSpaces(text, offset);
  const time = parseBsdTime(text, start, receivedAtMs) ?? parseEpochTime(text, start);
  if (time) return { time, end: time.end, hostname: null, sequence: undefined, task: null };
  // A time since the start looks like counters, too.
  return (
    parseUncounted(text, start) ?? parseCounted(text, start, receivedAtMs) ?? parseNamed(text, start, receivedAtMs)
  );
}

function parseCounted(text: string, start: number, receivedAtMs: number): DeviceFront | null {
  counters.lastIndex = start;
  const counted = counters.exec(text);
  if (!counted) return null;
  const behind = start + counted[0].length;
  const hostname = counted[2] ?? null;
  const sequence = counted[3] ?? counted[1];
  const time = parseBsdTime(text, behind, receivedAtMs);
  if (time) return { time, end: time.end, hostname, sequence, task: null };
  // `12: 1w2d: %SYS-5-...` and `12: %SYS-5-...`: clocks that tell the uptime, or no time at all.
  const rest = parseUncounted(text, behind);
  if (rest) return { ...rest, hostname, sequence };
  return hasMnemonic(text, behind) ? { time: null, end: behind, hostname, sequence, task: null } : null;
}

/** A time since the device started, in front of a mnemonic. */
function parseUncounted(text: string, start: number): DeviceFront | null {
  const time = parseUptime(text, start);
  if (!time || !hasMnemonic(text, time.end)) return null;
  return { time, end: time.end, hostname: null, sequence: undefined, task: null };
}

/** `WLC-1: *spamApTask2: Mar 01 18:46:11.123: #CAPWAP-3-...`. Anybody's tag looks like the name: the mnemonic tells. */
function parseNamed(text: string, start: number, receivedAtMs: number): DeviceFront | null {
  named.lastIndex = start;
  const found = named.exec(text);
  if (!found) return null;
  const behind = start + found[0].length;
  const time = parseBsdTime(text, behind, receivedAtMs) ?? parseUptime(text, behind);
  if (!time?.closed || !hasMnemonic(text, time.end)) return null;
  return { time, end: time.end, hostname: found[1] ?? null, sequence: found[2], task: found[3] ?? null };
}

function hasMnemonic(text: string, offset: number): boolean {
  mnemonic.lastIndex = offset;
  return mnemonic.test(text);
}

/** Some switches put a space behind the PRI. */
function behindSpaces(text: string, offset: number): number {
  return text[offset] === ' ' ? (text[offset + 1] === ' ' ? offset + 2 : offset + 1) : offset;
}
