import { expect, it } from 'vitest';
import { faultLine, loadConfig } from './load-config.ts';

it('tells why a file cannot be read, on one line', async () => {
  const loaded = await loadConfig('/nowhere/node.yaml');
  if (loaded.ok) throw new Error('it was read');
  expect(loaded.faults.map(faultLine)).toEqual([
    'HS_CONFIG_MISSING (the file): expected a configuration file that can be read; got /nowhere/node.yaml: there is no such file (ENOENT); ' +
      'cure: Give its path with --config or HOTSTANDBY_CONFIG.',
  ]);
  expect(faultLine({ code: 'HS_CONFIG_INVALID', field: 'x', expected: 'a\nb', got: ' c ', cure: 'd' })).toBe(
    'HS_CONFIG_INVALID x: expected a b; got c; cure: d',
  );
});
