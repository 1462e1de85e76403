import { expect, it } from 'vitest';
import { printRules } from './print-rules.ts';

it('is what docs/state-machine.md says', async () => {
  await expect(printRules()).toMatchFileSnapshot('../../../../docs/state-machine.md');
});
