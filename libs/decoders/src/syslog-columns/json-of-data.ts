import type { SyslogColumns } from './syslog-columns.ts';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const equals = 0x3d;
const backslash = 0x5c;
const open = 0x5b;
const close = 0x5d;
const space = 0x20;

/** Elements, and parameters of one: each is compared with all before it. */
const mostNames = 32;
/** Where the names of what is open begin and end. */
const elements = new Uint32Array(2 * mostNames);
const parameters = new Uint32Array(2 * mostNames);

/**
 * STRUCTURED-DATA (RFC 5424 section 6.3) of elements that begin at `start` as JSON into the row behind the last; no SD-ID and no
 * parameter twice, and nothing in it that JSON or RFC 5424 escapes. The offset behind it; -1: not that usual.
 */
export function jsonOfData(octets: Uint8Array, start: number, end: number, into: SyslogColumns): number {
  if (octets[start] !== open || start >= end) return -1;
  // Three octets (`[a]`) become at most eight.
  into.reserve(3 * (end - start));
  const { json } = into;
  let to = into.jsonStart(into.count);
  let at = start;
  for (let count = 0; at < end && octets[at] === open; count += 1) {
    const idEnd = nameEnd(octets, at + 1, end);
    if (!isNew(octets, elements, count, at + 1, idEnd)) return -1;
    json[to++] = count === 0 ? 0x7b : comma;
    to = putQuoted(json, to, octets, at + 1, idEnd);
    json[to++] = colon;
    json[to++] = 0x7b;
    at = idEnd;
    for (let number = 0; at < end && octets[at] === space; number += 1) {
      const name = at + 1;
      const behind = nameEnd(octets, name, end);
      if (!isNew(octets, parameters, number, name, behind)) return -1;
      if (behind + 1 >= end || octets[behind] !== equals || octets[behind + 1] !== quote) return -1;
      const valueEnd = valueEndIn(octets, behind + 2, end);
      if (valueEnd < 0) return -1;
      if (number > 0) json[to++] = comma;
      to = putQuoted(json, to, octets, name, behind);
      json[to++] = colon;
      to = putQuoted(json, to, octets, behind + 2, valueEnd);
      at = valueEnd + 1;
    }
    if (at >= end || octets[at] !== close) return -1;
    json[to++] = 0x7d;
    at += 1;
  }
  json[to++] = 0x7d;
  into.jsonEnd[into.count] = to;
  return at;
}

/** Remembers the name as number `count`; false: it is empty, was there before, or there are too many. */
function isNew(octets: Uint8Array, names: Uint32Array, count: number, from: number, to: number): boolean {
  if (to === from || count === mostNames) return false;
  for (let slot = 0; slot < 2 * count; slot += 2) {
    const other = names[slot] ?? 0;
    if ((names[slot + 1] ?? 0) - other === to - from && isSame(octets, other, from, to - from)) return false;
  }
  names[2 * count] = from;
  names[2 * count + 1] = to;
  return true;
}

function isSame(octets: Uint8Array, one: number, other: number, length: number): boolean {
  for (let index = 0; index < length; index += 1) if (octets[one + index] !== octets[other + index]) return false;
  return true;
}

/** Behind the visible characters that a name may have and JSON does not escape. */
function nameEnd(octets: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end; at += 1) {
    const octet = octets[at] ?? 0;
    if (!(octet > space && octet < 0x7f) || octet === equals || octet === close) break;
    if (octet === quote || octet === backslash) break;
  }
  return at;
}

/** The closing quote; -1: there is none, or something in front of it that one of both escapes. */
function valueEndIn(octets: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const octet = octets[at] ?? 0;
    if (octet === quote) return at;
    if (octet < space || octet === backslash) return -1;
  }
  return -1;
}

function putQuoted(json: Uint8Array, at: number, octets: Uint8Array, from: number, to: number): number {
  json[at++] = quote;
  for (let index = from; index < to; index += 1) json[at++] = octets[index] ?? 0;
  json[at++] = quote;
  return at;
}
