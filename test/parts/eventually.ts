/** Thrown by a look: what is waited for does not come any more. */
export class Hopeless extends Error {}

/**
 * Polls until `look` gives something true (or does not throw); fails with what it last gave after `timeoutMs`, and at once with
 * what it throws as `Hopeless`.
 */
export async function eventually<Value>(
  look: () => Value | Promise<Value>,
  timeoutMs = 30_000,
  what = 'the awaited state',
): Promise<NonNullable<Value>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await look();
      if (value) return value;
      last = value;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`${what} did not come in ${timeoutMs} ms; last: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
