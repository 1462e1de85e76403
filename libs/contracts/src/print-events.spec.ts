import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { printEvents } from './print-events.ts';

it('is what docs/events.md says', async () => {
  const subscriber = readFileSync(new URL('../../../examples/subscriber.mjs', import.meta.url), 'utf8');
  await expect(printEvents(subscriber)).toMatchFileSnapshot('../../../docs/events.md');
});
