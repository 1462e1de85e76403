import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { type GrantWatch, overlapsOf, spansOf } from './grant-watch.ts';
import { type NodeName, nodeNames, peerOf, RunningPair } from './running-pair.ts';

// The application that the pair protects dies on the active: a real pair, and a real server on each node.
const port = 18_080;
const checks = [
  { kind: 'process', name: 'server', pidFile: 'app.pid' },
  { kind: 'http', name: 'web', everyMs: 500 },
];
let pair: RunningPair;
let grants: GrantWatch;
const apps = new Map<NodeName, ChildProcess>();

/** Answers 200 on every path; its process id stands beside the node's configuration. */
function startApp(name: NodeName): void {
  const code = `require('http').createServer((_, r) => r.end('fine')).listen(${port}, '${pair.address(name)}')`;
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
  apps.set(name, child);
  writeFileSync(pair.folder(name, 'app.pid'), `${child.pid}\n`);
}

const killApp = (name: NodeName) => void apps.get(name)?.kill('SIGKILL');

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  grants = await pair.watchGrants();
  for (const name of nodeNames) {
    startApp(name);
    const own = checks.map((check) =>
      check.kind === 'http' ? { ...check, url: `http://${pair.address(name)}:${port}/` } : check,
    );
    await pair.configure(name, { workload: { checks: own }, policy: { minimumReignSeconds: 2 } });
  }
}, 150_000);

afterAll(async () => {
  for (const child of apps.values()) child.kill('SIGKILL');
  await grants?.close();
  await pair?.stop();
}, 60_000);

const workloadOf = async (name: NodeName) =>
  (await pair.status(name)).nodes
    .find((node) => node.name === name)
    ?.services.find(({ service }) => service === 'workload');

async function becomes(name: NodeName, health: 'ok' | 'failed'): Promise<void> {
  await eventually(async () => (await workloadOf(name))?.health === health, 20_000, `${name}'s application ${health}`);
}

const activeIs = (name: NodeName) =>
  eventually(async () => (await pair.status(name)).active?.name === name, 30_000, `${name} is active`);

it('is in the status of both nodes', async () => {
  for (const name of nodeNames) await becomes(name, 'ok');
  expect((await pair.cli(['status'])).out).toMatch(/workload +ok +ok/);
});

it('hands over to the other node when the application of the active dies', async () => {
  const active = await pair.settled();
  const atMs = performance.now();
  killApp(active);
  await activeIs(peerOf(active));
  console.log(`the role moved within ${Math.round(performance.now() - atMs)} ms of the application's death`);
  await becomes(active, 'failed');
  const { out } = await pair.cli(['history', '--last', '4']);
  expect(out).toContain('health-hand-over');
  // Whichever of the two checks looked first; some seconds pass when the standby has only just come.
  expect(out).toMatch(/workload failed for \d s: (server: process \d+ is gone|web: connection re)/);
  const events = await pair.cli(['events', '--type', 'workload.failed', '--last', '1000']);
  expect(events.out).toContain('is gone');
  await eventually(() => pair.mails().some((mail) => mail.includes('the application on')), 30_000, 'the mail of it');
});

it('stays where it is when both are dead, says why, and moves when one is well again', async () => {
  const active = (await pair.status('a')).active?.name as NodeName;
  killApp(active);
  await becomes(active, 'failed');
  await eventually(
    async () => (await pair.cli(['status'])).out.includes(`${peerOf(active)} is no better`),
    20_000,
    'the reason in the status',
  );
  expect((await pair.status(active)).active?.name).toBe(active);
  startApp(peerOf(active));
  await activeIs(peerOf(active));
  startApp(active);
  for (const name of nodeNames) await becomes(name, 'ok');
  await pair.settled();
});

it("leaves the role where it is when the standby's application dies", async () => {
  const active = await pair.settled();
  const { epoch } = await pair.status(active);
  killApp(peerOf(active));
  await becomes(peerOf(active), 'failed');
  const told = async () => (await pair.cli(['events', '--type', 'workload.failed', '--last', '1000'])).out;
  await eventually(async () => (await told()).split('is gone').length === 4, 20_000, 'the third of these events');
  expect(await pair.status(active)).toMatchObject({ epoch, active: { name: active }, redundancy: 'ready' });
});

it('never made two actives', () => {
  expect(overlapsOf(spansOf(grants.seen, pair.leaseTtlMs))).toEqual([]);
});
