import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { afterAll, describe, expect, it } from 'vitest';
import { serviceNames } from '@hotstandby/contracts';
import { composeFiles, dockerFolder, servicesOf, textOf, variablesOf } from './compose.ts';

const scratch = mkdtempSync(join(tmpdir(), 'hs-compose-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What dclint calls an error: the Compose schema, and its rules that are no matter of taste. */
function schemaErrors(file: string): string[] {
  const off = {
    // Both on purpose: built here or pulled from a registry of one's own.
    'no-build-and-image': 0,
    // It does not look into variables; a test below does.
    'no-unbound-port-interfaces': 0,
  } as const;
  // Its declarations do not resolve as ES modules do.
  const results = new DCLinter({ rules: off, quiet: true, debug: false, exclude: [] }).lintFiles([file], false) as {
    messages: { type: string; message: string }[];
  }[];
  expect(results).toHaveLength(1);
  return results.flatMap(({ messages }) =>
    messages.flatMap(({ type, message }) => (type === 'error' ? [message] : [])),
  );
}

describe.each(composeFiles)('%s', (file) => {
  const services = servicesOf(file);

  it('keeps to the Compose schema', () => {
    expect(schemaErrors(join(dockerFolder, file))).toEqual([]);
  });

  it('would be refused with a misspelt key', () => {
    const broken = join(scratch, file);
    const text = textOf(file);
    writeFileSync(broken, text.replace('  read_only: true\n', '  readonly: true\n'));
    expect(readFileSync(broken, 'utf8')).not.toBe(text);
    expect(schemaErrors(broken).join()).toContain('must NOT have additional properties');
  });

  it.each(services)('%s is locked down, watched, restarted and bounded', (name, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck?.test[0]).toMatch(/^CMD/);
    expect(service.stop_grace_period).toMatch(/^\d+s$/);
    expect(service.mem_limit).toBeTruthy();
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.logging).toMatchObject({
      driver: 'json-file',
      options: { 'max-size': expect.any(String), 'max-file': expect.any(String) },
    });
    // A second of the same must be possible, and an exact kind of image known.
    expect(service).not.toHaveProperty('container_name');
    expect(service).not.toHaveProperty('privileged');
    expect(service.image).toMatch(/[^:]:[^:]/);
    expect(service.image).not.toContain(':latest');
    if (name === 'network-binding') return;
    expect(service).not.toHaveProperty('cap_add');
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('publishes ports on a chosen address only', () => {
    for (const [, { ports = [] }] of services)
      for (const port of ports) expect(port).toMatch(/^(127\.0\.0\.1|\$\{STORE_ADDRESS:\?[^}]+\}):\d+:\d+$/);
  });

  it('takes variables that .env.example explains', () => {
    const example = textOf('.env.example');
    for (const name of variablesOf(textOf(file)))
      expect(example, name).toMatch(new RegExp(String.raw`(^#.*\n)+(^\w+=.*\n)*^${name}=`, 'm'));
  });

  it('has no secret in the environment', () => {
    for (const [, service] of services)
      for (const name of Object.keys((service['environment'] as object | undefined) ?? {}))
        expect(name).not.toMatch(/(PASSWORD|SECRET|KEY|TOKEN)$/);
  });
});

it('explains no variable that nothing uses', () => {
  const used = new Set(composeFiles.flatMap((file) => [...variablesOf(textOf(file))]));
  const explained = [...textOf('.env.example').matchAll(/^(\w+)=/gm)].map(([, name = '']) => name);
  expect(explained.filter((name) => !used.has(name) && name !== 'COMPOSE_PROFILES')).toEqual([]);
  expect(new Set(explained).size).toBe(explained.length);
});

describe('a node', () => {
  const services = servicesOf('compose.node.yml');
  const byName = new Map(services);

  it('is its NATS server and every service', () => {
    expect([...byName.keys()].sort()).toEqual(['nats', ...serviceNames].sort());
  });

  it('gives root and capabilities to network-binding alone', () => {
    const binding = byName.get('network-binding');
    expect(binding?.user).toBe('0:1000');
    expect(binding?.cap_add).toEqual(['NET_ADMIN', 'NET_RAW']);
    for (const [name, { user }] of services) if (name !== 'network-binding') expect(user, name).toBe('1000:1000');
  });

  it('uses the host network, publishes nothing, and reads its folder only', () => {
    for (const [name, service] of services) {
      expect(service.network_mode, name).toBe('host');
      expect(service.init, name).toBe(true);
      expect(service, name).not.toHaveProperty('ports');
      const folder = service.volumes?.find(({ target }) => target === '/etc/hotstandby');
      expect(folder, name).toMatchObject({ type: 'bind', read_only: true, bind: { create_host_path: false } });
    }
  });

  it('keeps what must last in volumes, and lends them to nobody else', () => {
    const users = (target: string) =>
      services.flatMap(([name, { volumes = [] }]) => (volumes.some((one) => one.target === target) ? [name] : []));
    expect(users('/var/lib/hotstandby/data').sort()).toEqual(['arbiter', 'file-sync']);
    expect(users('/var/lib/hotstandby/nats')).toEqual(['nats']);
    expect(users('/var/lib/hotstandby/files')).toEqual(['file-sync']);
  });

  it('has a writable place for the file with the HTTP address in every service', () => {
    for (const [name, { tmpfs = [] }] of services)
      expect(
        tmpfs.some((one) => one.startsWith('/run/hotstandby:mode=1777')),
        name,
      ).toBe(true);
  });

  it('stops the arbiter first, then the others, then heartbeat, and NATS last', () => {
    const order = stopOrder(new Map(services.map(([name, { depends_on = {} }]) => [name, Object.keys(depends_on)])));
    expect(order[0]).toEqual(['arbiter']);
    expect(order.at(-2)).toEqual(['heartbeat']);
    expect(order.at(-1)).toEqual(['nats']);
    // A condition would keep a node from starting because one service is unwell.
    for (const [, { depends_on = {} }] of services)
      for (const { condition } of Object.values(depends_on)) expect(condition).toBe('service_started');
  });
});

/** Waves in which Compose stops: whoever nobody depends on any more. */
function stopOrder(dependencies: Map<string, string[]>): string[][] {
  const left = new Map(dependencies);
  const waves: string[][] = [];
  while (left.size > 0) {
    const needed = new Set([...left.values()].flat());
    const wave = [...left.keys()].filter((name) => !needed.has(name)).sort();
    if (wave.length === 0) throw new Error(`a circle among ${[...left.keys()].join()}`);
    for (const name of wave) left.delete(name);
    waves.push(wave);
  }
  return waves;
}
