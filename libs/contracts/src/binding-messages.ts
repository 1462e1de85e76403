import { z } from 'zod';

/** What the two nodes' network-binding say to each other. */

/**
 * The active is about to fall silent in a planned hand-over: whoever takes over may lay its address ready, silently. Only a
 * hint: nothing is granted by it, and nothing waits for it.
 */
export const handingOver = z.object({ epoch: z.int().nonnegative() });
export type HandingOver = z.infer<typeof handingOver>;
