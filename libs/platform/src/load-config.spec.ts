import { expect, it } from 'vitest';
import { configFileOf, faultLine, loadConfig } from './load-config.ts';

it('takes the named file before the environment', () => {
  const env = { HOTSTANDBY_CONFIG: 'env.yaml' };
  expect(configFileOf(['--config', 'one.yaml'], env)).toBe('one.yaml');
  expect(configFileOf(['x', '--config=two.yaml'], env)).toBe('two.yaml');
  expect(configFileOf([], env)).toBe('env.yaml');
  expect(configFileOf([], { HOTSTANDBY_CONFIG: '' })).toBeUndefined();
});

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
