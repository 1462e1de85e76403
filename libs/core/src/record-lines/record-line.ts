/** What stands before the fields of a record. */
export interface LineOrigin {
  /** `<message of INGEST>/<number of the record in it>`: the same line comes again under the same id. */
  id: string;
  kind: 'syslog' | 'trap' | 'flow';
  /** 64 bits by which both copies of a dual-fed datagram are known; null where one address is fed. */
  digest: bigint | null;
  epoch: number;
}

const times: Readonly<Record<string, string>> = {
  receivedAtMs: 'receivedAt',
  timestampMs: 'timestamp',
  startMs: 'start',
  endMs: 'end',
};

/**
 * A record as one line of JSON, without its end: fields as the decoders name them, times in RFC 3339 under the name without
 * `Ms`, octets in base64, integers beyond 2^53 - 1 as decimal text. Fields that are null are left out. Never throws.
 */
export function recordLine({ id, kind, digest, epoch }: LineOrigin, record: object): string {
  const line: Record<string, unknown> = { id, kind, epoch };
  if (digest !== null) line['digest'] = digest.toString(16).padStart(16, '0');
  for (const [name, value] of Object.entries(record) as [string, unknown][]) {
    if (value === null || value === undefined) continue;
    const time = times[name];
    if (time !== undefined) line[time] = timeText(value);
    else if (value instanceof Uint8Array) line[name] = base64(value);
    else line[name] = typeof value === 'bigint' ? exact(value) : value;
  }
  return jsonOf(line);
}

function timeText(ms: unknown): string | null {
  return typeof ms === 'number' && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}

const exact = (value: bigint): number | string =>
  value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value.toString();

/** A replacer makes it several times slower, and what decoders make needs none. */
function jsonOf(line: object): string {
  try {
    return JSON.stringify(line);
  } catch {
    return JSON.stringify(line, (_, inner: unknown) => (typeof inner === 'bigint' ? exact(inner) : inner));
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 section 4. */
function base64(octets: Uint8Array): string {
  let text = '';
  for (let at = 0; at < octets.length; at += 3) {
    const word = ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
    const digits = octets.length - at === 1 ? 2 : octets.length - at === 2 ? 3 : 4;
    for (let digit = 0; digit < 4; digit++)
      text += digit < digits ? (alphabet[(word >>> (18 - 6 * digit)) & 63] ?? '') : '=';
  }
  return text;
}
