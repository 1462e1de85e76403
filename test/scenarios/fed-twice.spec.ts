import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serviceNames } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { randomFrom } from './garbage.ts';
import { signal } from './processes.ts';
import { type NodeName, nodeNames, RunningPair, telemetryPorts } from './running-pair.ts';
import { storedMessagesQuery, Telemetry, type StoredMessage } from './telemetry.ts';

// Replay: HOTSTANDBY_SEED=123 npx vitest run --project real test/scenarios/fed-twice.spec.ts; longer: HOTSTANDBY_FAULTS=100.
const seed = Number(process.env['HOTSTANDBY_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const faults = Number(process.env['HOTSTANDBY_FAULTS'] ?? 8);
const random = randomFrom(seed);
const below = (bound: number) => Math.floor(random() * bound);

let pair: RunningPair;
let telemetry: Telemetry;

beforeAll(async () => {
  pair = await RunningPair.start('standard');
  telemetry = new Telemetry(
    nodeNames.map((name) => pair.address(name)),
    telemetryPorts.syslog,
  );
}, 120_000);

afterAll(async () => {
  telemetry?.close();
  await pair?.stop();
}, 60_000);

/** What can happen to what a node receives, or to who stores it. */
const kinds: Record<string, (node: NodeName) => Promise<void>> = {
  'SIGKILL to its collector': async (node) => signal(pair.pidOf(node, 'collector'), 'SIGKILL'),
  'SIGKILL to its NATS server': async (node) => signal(pair.pidOf(node, 'nats-server'), 'SIGKILL'),
  'SIGKILL to its arbiter': async (node) => signal(pair.pidOf(node, 'arbiter'), 'SIGKILL'),
  'SIGKILL to all of it': async (node) => {
    const parts = [...serviceNames, 'nats-server'] as const;
    for (const pid of parts.flatMap((part) => found(node, part))) signal(pid, 'SIGKILL');
  },
  'its collector stands still': async (node) => {
    const pid = pair.pidOf(node, 'collector');
    signal(pid, 'SIGSTOP');
    await pause(200 + below(1300));
    signal(pid, 'SIGCONT');
  },
  'a switchover': async () => void (await pair.cli(['switchover'])),
};

/** None while it is being started again. */
function found(node: NodeName, part: Parameters<RunningPair['pidOf']>[1]): number[] {
  try {
    return [pair.pidOf(node, part)];
  } catch {
    return [];
  }
}

it(`stores once whatever one of both nodes received, whoever was killed when and who reigned then (seed ${seed})`, async () => {
  await eventually(() => telemetry.sent > 100);
  const log: string[] = [];
  let hurtBefore: NodeName | null = null;
  for (let fault = 0; fault < faults; fault++) {
    const node: NodeName = nodeNames[below(2)] ?? 'a';
    const [what, doIt] = Object.entries(kinds)[below(Object.keys(kinds).length)] ?? [];
    if (!what || !doIt) continue;
    // One node always receives: what both missed nobody can store.
    if (node !== hurtBefore) await pair.settled();
    log.push(`message ${telemetry.sent}: ${node}, ${what}`);
    // A part that is being started again cannot be killed.
    await doIt(node).catch((error: unknown) => log.push(`  not possible: ${String(error)}`));
    hurtBefore = node;
    await pause(below(5000));
    // The next fault may meet the same node while that is not well yet; its own sockets are what has to be open again.
    await eventually(() => listens(node), 30_000, `the collector of ${node}`);
  }
  await pair.settled();
  telemetry.stop();
  const count = telemetry.sent;
  const stored = () => pair.sql<StoredMessage & Record<string, unknown>>(storedMessagesQuery, [telemetry.run]);
  const amiss = async () => telemetry.faultsOf(await stored(), count);
  await eventually(async () => (await amiss()).length === 0, 90_000).catch(() => {});
  // A double would come when the nodes are compared.
  await pause(25_000);
  expect(await amiss(), `seed ${seed}\n${log.join('\n')}`).toEqual([]);
  const rows = await stored();
  console.log(
    `${faults} faults, seed ${seed}: ${count} messages, each stored once, in ${rows.at(-1)?.epoch} epochs\n${log.join('\n')}`,
  );
}, 3_600_000);

/** Whether its socket is there. */
function listens(node: NodeName): boolean {
  const octets = pair.address(node).split('.').map(Number);
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');
  const local = `${octets
    .toReversed()
    .map((octet) => hex(octet, 2))
    .join('')}:${hex(telemetryPorts.syslog, 4)}`;
  return readFileSync('/proc/net/udp', 'utf8').includes(` ${local} `);
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
