/** Parts of a message that a row holds as spans of octets, in their order in `SyslogColumns.spans`. */
export const spanNames = ['hostname', 'appName', 'procId', 'msgId', 'message'] as const;
export type SpanName = (typeof spanNames)[number];

/** Numbers of a row in `spans`: where each part begins, and where it ends. */
export const spanNumbers = 2 * spanNames.length;

/** A message of INGEST holds about 300 lines. */
const usualRows = 512;
const usualJsonBytes = 64 * 1024;

/**
 * Syslog messages as columns: row n of each array is one message. Filled by `decodeSyslogColumns` with usual messages of plain ASCII
 * without NUL; a text is not copied, but told as a span of the octets that it came in.
 */
export class SyslogColumns {
  /** Rows in use. */
  count = 0;
  /** Where all spans point to: the memory that the datagrams are views of. */
  octets: Uint8Array = new Uint8Array(0);
  sourceAddress: string[] = [];
  receivedAtMs = new Float64Array(usualRows);
  /** ms since 1970; NaN: the message says none. */
  timestampMs = new Float64Array(usualRows);
  facility = new Uint8Array(usualRows);
  severity = new Uint8Array(usualRows);
  /** 1: RFC 5424, 0: RFC 3164. */
  isRfc5424 = new Uint8Array(usualRows);
  /** Of row n from n * `spanNumbers`, by `spanNames`. An empty one is null, but for the message, which is never null. */
  spans = new Uint32Array(usualRows * spanNumbers);
  /** `structuredData` as JSON: row n's ends at `jsonEnd[n]` and begins where that of the row before it ends; nothing: null. */
  json = new Uint8Array(usualJsonBytes);
  jsonEnd = new Uint32Array(usualRows);

  /** Forgets all rows. */
  clear(): void {
    this.count = 0;
    this.sourceAddress.length = 0;
    // Whoever keeps this keeps no message.
    this.octets = nothing;
  }

  /** Where row `row`'s JSON begins. */
  jsonStart(row: number): number {
    return row === 0 ? 0 : (this.jsonEnd[row - 1] ?? 0);
  }

  /** Room for a row, and so much JSON of it. */
  reserve(jsonBytes: number): void {
    const { count } = this;
    if (count === this.receivedAtMs.length) this.#grow(count * 2);
    const needed = this.jsonStart(count) + jsonBytes;
    if (needed > this.json.length) this.json = grown(this.json, Math.max(needed, this.json.length * 2));
  }

  #grow(rows: number): void {
    this.receivedAtMs = grown(this.receivedAtMs, rows);
    this.timestampMs = grown(this.timestampMs, rows);
    this.facility = grown(this.facility, rows);
    this.severity = grown(this.severity, rows);
    this.isRfc5424 = grown(this.isRfc5424, rows);
    this.spans = grown(this.spans, rows * spanNumbers);
    this.jsonEnd = grown(this.jsonEnd, rows);
  }
}

const nothing = new Uint8Array(0);

function grown<Values extends Float64Array | Uint32Array | Uint8Array>(values: Values, length: number): Values {
  const larger = new (values.constructor as new (length: number) => Values)(length);
  larger.set(values);
  return larger;
}
