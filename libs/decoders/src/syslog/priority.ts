/** A PRI part (RFC 5424 section 6.2.1), or why there is none. `end` is the offset behind it, 0 when there is none. */
export interface Priority {
  facility: number | null;
  severity: number | null;
  end: number;
  fault: string | null;
}

const highest = 191;
const pri = /<(\d{1,3})>/y;

export function parsePriority(text: string): Priority {
  pri.lastIndex = 0;
  const match = pri.exec(text);
  if (!match) return { facility: null, severity: null, end: 0, fault: 'no PRI' };
  const value = Number(match[1]);
  if (value > highest) return { facility: null, severity: null, end: 0, fault: `PRI ${value} is above ${highest}` };
  return { facility: value >> 3, severity: value & 7, end: match[0].length, fault: null };
}
