import { expect, it } from 'vitest';
import { serviceArguments, serviceUsage } from './service-arguments.ts';

it('takes the named file before the environment', () => {
  const env = { HOTSTANDBY_CONFIG: 'env.yaml' };
  expect(serviceArguments(['--config', 'one.yaml'], env).configFile).toBe('one.yaml');
  expect(serviceArguments(['--config=two.yaml'], env).configFile).toBe('two.yaml');
  expect(serviceArguments([], env)).toEqual({ help: false, configFile: 'env.yaml' });
  expect(serviceArguments([], { HOTSTANDBY_CONFIG: '' }).configFile).toBeUndefined();
});

it.each<[string[], string]>([
  [['--confg', 'one.yaml'], "Unknown option '--confg'"],
  [['one.yaml'], "Unexpected argument 'one.yaml'"],
  [['--config'], "Option '--config <value>' argument missing"],
  [['--config', 'a', '--profile', 'fast'], "Unknown option '--profile'"],
])('refuses %j', (argv, what) => {
  expect(() => serviceArguments(argv, {})).toThrow(
    expect.objectContaining({ code: 'HS_USAGE', message: expect.stringContaining(what) }),
  );
});

it('helps', () => {
  expect(serviceArguments(['-h'], {}).help).toBe(true);
  expect(serviceUsage('arbiter')).toContain('node apps/arbiter/bundle/main.mjs --config FILE');
});
