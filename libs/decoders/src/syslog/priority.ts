/** A PRI part (RFC 5424 section 6.2.1), or why there is none. `end` is the offset behind it, 0 when there is none. */
export interface Priority {
  facility: number | null;
  severity: number | null;
  end: number;
  fault: string | null;
}

const highest = 191;

export function parsePriority(text: string): Priority {
  let value = 0;
  let end = 1;
  for (; end <= 3; end += 1) {
    const digit = text.charCodeAt(end) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  if (end === 1 || text.charCodeAt(0) !== 0x3c || text.charCodeAt(end) !== 0x3e)
    return { facility: null, severity: null, end: 0, fault: 'no PRI' };
  if (value > highest) return { facility: null, severity: null, end: 0, fault: `PRI ${value} is above ${highest}` };
  return { facility: value >> 3, severity: value & 7, end: end + 1, fault: null };
}
