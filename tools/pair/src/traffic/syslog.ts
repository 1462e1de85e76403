/** A message of RFC 5424 (facility local0, severity informational) that carries run and sequence number. */
export function encodeSyslog(run: number, sequence: number, atMs: number): Buffer {
  const time = new Date(atMs).toISOString();
  const data = `[demo@32473 run="${run}" seq="${sequence}"]`;
  return Buffer.from(`<134>1 ${time} demo-host hotstandby-demo - seq ${data} run ${run} message ${sequence}`);
}
