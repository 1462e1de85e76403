import { makePairFiles } from '@hotstandby/adapters/pki';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { subjects } from '@hotstandby/contracts';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';

let pair: NatsPair;
let opened: NatsParts[];
const [a, b] = [
  { cluster: 'test', node: 'a' },
  { cluster: 'test', node: 'b' },
];

beforeEach(async () => {
  pair = await startNatsPair();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((parts) => parts.close()));
  await pair.remove();
});

async function open(node: PairedNats, service: 'arbiter' | 'console') {
  const parts = await connectNats({ config: node.config, service, log: recordingLog() });
  opened.push(parts);
  return parts.bus;
}

/** Keys and certificates of another pair with the same names and addresses. */
async function strangersFiles() {
  const node = (own: PairedNats) => ({
    name: own.name,
    address: own.config.node.address,
    natsPort: own.config.nats.port,
    leafPort: pair.leafPort,
    dir: own.dir,
  });
  const [, files] = await makePairFiles({ cluster: 'test', nodes: [node(pair.a), node(pair.b)] });
  return (path: string) => files.find((file) => file.path === path)?.content ?? '';
}

async function leafWorks(): Promise<boolean> {
  const [one, other] = [await open(pair.a, 'arbiter'), await open(pair.b, 'console')];
  one.respond(subjects.describe(a), () => 'here');
  return eventually(() => other.request(subjects.describe(a), null, 500), 4000).then(
    () => true,
    () => false,
  );
}

it('joins two nodes that have the same authority', async () => {
  expect(await leafWorks()).toBe(true);
});

it('refuses a node whose certificate is of another authority, although it knows the secret', async () => {
  await pair.b.stop();
  const strange = await strangersFiles();
  for (const path of ['keys/nats/leaf.pem', 'keys/nats/leaf-key.pem'])
    await writeFile(join(pair.b.dir, path), strange(path));
  await pair.b.start();
  await eventually(() => /TLS handshake error|bad certificate|unknown authority/i.test(pair.a.output()));
  expect(await leafWorks()).toBe(false);
});

it('refuses a primary whose certificate is of another authority', async () => {
  await pair.b.stop();
  const strange = await strangersFiles();
  await writeFile(join(pair.b.dir, 'keys/nats/ca.pem'), strange('keys/nats/ca.pem'));
  await pair.b.start();
  await eventually(() => /certificate signed by unknown authority|failed to verify/i.test(pair.b.output()));
  expect(await leafWorks()).toBe(false);
});

it('refuses a node that has a certificate but not the secret', async () => {
  await pair.b.stop();
  const conf = join(pair.b.dir, 'nats/nats.conf');
  const text = await readFile(conf, 'utf8');
  await writeFile(conf, text.replace(/leaf:[0-9a-f]{64}@/, `leaf:${'0'.repeat(64)}@`));
  await pair.b.start();
  await eventually(() => /authorization violation|authentication error/i.test(pair.a.output() + pair.b.output()));
  expect(await leafWorks()).toBe(false);
});

it('leaves each node whole when the other is gone, and notices a server that hangs', async () => {
  const [arbiter, console] = [await open(pair.b, 'arbiter'), await open(pair.b, 'console')];
  arbiter.respond(subjects.describe(b), () => 'b');
  await eventually(() => console.request(subjects.describe(b), null, 500));
  await pair.a.kill();
  expect(await console.request(subjects.describe(b), null, 1000)).toBe('b');
  pair.b.freeze();
  await eventually(() => !console.connected(), 20_000);
  pair.b.thaw();
  await eventually(() => console.request(subjects.describe(b), null, 500), 20_000);
});
