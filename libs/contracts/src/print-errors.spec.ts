import { expect, it } from 'vitest';
import { errorCodes } from './error-codes.ts';
import { printErrors } from './print-errors.ts';

it('is what docs/errors.md says', async () => {
  await expect(printErrors()).toMatchFileSnapshot('../../../docs/errors.md');
});

it('has a meaning and a cure for every code, each a sentence', () => {
  for (const [code, texts] of Object.entries(errorCodes)) {
    for (const text of texts) expect(`${code}: ${text}`).toMatch(/: [A-Z].*\.$/);
  }
});
