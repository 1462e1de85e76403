import { X509Certificate } from 'node:crypto';
import { natsUsers, serviceNames, subjects } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { makeAuthority, makePairFiles } from './index.ts';
import { permissionsOf } from './permissions.ts';

const own = { cluster: 'c', node: 'a' };
const peer = { cluster: 'c', node: 'b' };

it('issues certificates that only their own authority vouches for, for their addresses and ten years', async () => {
  const now = Date.UTC(2026, 0, 1);
  const [ours, theirs] = [await makeAuthority('c', now), await makeAuthority('c', now)];
  const issued = await ours.issue('a', ['192.0.2.1', '2001:db8::1']);
  const leaf = new X509Certificate(issued.certificatePem);
  expect(leaf.verify(new X509Certificate(ours.certificatePem).publicKey)).toBe(true);
  expect(leaf.verify(new X509Certificate(theirs.certificatePem).publicKey)).toBe(false);
  expect(leaf.checkIP('192.0.2.1')).toBe('192.0.2.1');
  expect(leaf.checkIP('2001:db8::1')).toBe('2001:db8::1');
  expect(leaf.checkIP('192.0.2.2')).toBeUndefined();
  expect(leaf.ca).toBe(false);
  expect(new Date(leaf.validTo).getUTCFullYear()).toBe(2035);
});

it('makes every file of both nodes, secrets for the owner only, no secret of one in the other', async () => {
  const node = (name: string, address: string) => ({
    name,
    address,
    natsPort: 4222,
    leafPort: 7422,
    dir: `/srv/${name}`,
  });
  const [a, b] = await makePairFiles({ cluster: 'c', nodes: [node('a', '192.0.2.1'), node('b', '192.0.2.2')] });
  expect(a.map(({ path }) => path).sort()).toEqual(b.map(({ path }) => path).sort());
  for (const user of natsUsers) expect(a.map(({ path }) => path)).toContain(`keys/nats/${user}.nk`);
  for (const { path, mode } of a) expect(mode, path).toBe(/(ca|leaf)\.pem$/.test(path) ? 0o644 : 0o600);
  const seeds = (files: typeof a) =>
    files.filter(({ path }) => path.endsWith('.nk')).map(({ content }) => content.trim());
  for (const seed of [...seeds(a), ...seeds(b)]) {
    expect(seed).toMatch(/^SU[A-Z2-7]{56}$/);
    for (const { path, content } of [...a, ...b]) if (!path.endsWith('.nk')) expect(content).not.toContain(seed);
  }
  expect(new Set([...seeds(a), ...seeds(b)]).size).toBe(2 * natsUsers.length);
});

it('refuses a node folder that nats-server would look for elsewhere', async () => {
  const node = { name: 'a', address: '192.0.2.1', natsPort: 1, leafPort: 2, dir: 'data/a' };
  await expect(makePairFiles({ cluster: 'c', nodes: [node, { ...node, name: 'b' }] })).rejects.toThrow(/absolute/);
  const other = { ...node, dir: '/srv/a', stateDir: 'nats' };
  await expect(makePairFiles({ cluster: 'c', nodes: [other, { ...other, name: 'b' }] })).rejects.toThrow(/absolute/);
});

it('lets the server write elsewhere than in the node folder', async () => {
  const node = { name: 'a', address: '192.0.2.1', natsPort: 1, leafPort: 2, dir: '/etc/x', stateDir: '/var/lib/x' };
  const [files] = await makePairFiles({ cluster: 'c', nodes: [node, { ...node, name: 'b', address: '192.0.2.2' }] });
  const conf = files.find(({ path }) => path === 'nats/nats.conf')?.content ?? '';
  expect(conf).toContain('"store_dir": "/var/lib/x/jetstream"');
  expect(conf).toContain('pid_file: "/var/lib/x/nats.pid"');
  expect(conf).toContain('"/etc/x/keys/nats/ca.pem"');
});

it('gives a subject to one publisher at most', () => {
  const mayPublish = (subject: string) =>
    natsUsers.filter((user) =>
      permissionsOf(user, own, peer).publish.allow.some((pattern) => matches(pattern, subject)),
    );
  expect(mayPublish(subjects.grant(own))).toEqual(['arbiter']);
  expect(mayPublish(subjects.permit(own))).toEqual(['arbiter']);
  expect(mayPublish(subjects.released(own))).toEqual(['arbiter']);
  expect(mayPublish(subjects.observation(own))).toEqual(['heartbeat']);
  expect(mayPublish(subjects.ingest(own))).toEqual(['collector']);
  expect(mayPublish(subjects.prepare(own, 'x'))).toEqual(['arbiter']);
  for (const service of serviceNames) {
    expect(mayPublish(subjects.status(own, service))).toEqual([service]);
    expect(mayPublish(subjects.event(own, service, 'role.changed'))).toEqual([service]);
    expect(mayPublish(subjects.status(peer, service))).toEqual([]);
    expect(mayPublish(subjects.event(peer, service, 'role.changed'))).toEqual([]);
  }
  for (const subject of [subjects.grant(peer), subjects.permit(peer), subjects.released(peer), subjects.ingest(peer)])
    expect(mayPublish(subject)).toEqual([]);
  expect(mayPublish('$JS.API.STREAM.CREATE.OPS')).toEqual(['arbiter']);
  expect(mayPublish('$JS.API.STREAM.CREATE.INGEST')).toEqual(['collector']);
  for (const verb of ['DELETE', 'PURGE', 'MSG.DELETE', 'RESTORE'])
    expect(mayPublish(`$JS.API.STREAM.${verb}.OPS`)).toEqual([]);
});

function matches(pattern: string, subject: string): boolean {
  const source = pattern
    .split('.')
    .map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token.replaceAll('$', '\\$')))
    .join('\\.');
  return new RegExp(`^${source}$`).test(subject);
}
