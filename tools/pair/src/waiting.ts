export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Throws when it did not come within the time. */
export async function until(what: string, withinMs: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1000} s in vain for ${what}`);
    await pause(100);
  }
}

const backlogWithinMs = 60_000;

/** What one node alone received is stored when the nodes were compared: a piece of 5 s is, some seconds after its end. */
export const comparedWithinMs = 25_000;

/**
 * Until what is counted stands still for `quietMs`: then nothing more comes; sooner when as much as expected is there.
 */
export async function untilQuiet(
  count: () => Promise<number>,
  expected: number,
  { quietMs = 3000, withinMs = backlogWithinMs } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last = { count: -1, atMs: 0 };
  for (;;) {
    const now = { count: await count(), atMs: performance.now() };
    if (now.count !== last.count) last = now;
    // Also with everything there: a double would come after it.
    const patience = now.count >= expected ? Math.min(1500, quietMs) : quietMs;
    if (now.atMs - last.atMs > patience || now.atMs > deadline) return;
    await pause(250);
  }
}
