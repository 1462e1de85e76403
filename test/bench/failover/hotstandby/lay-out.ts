// Lays a pair out in the benchmark's scratch folder ($FB_STATE), starts its store, and writes for each node which
// processes to start: `hotstandby/<node>/parts`, one a line, words separated by tabs, the name first. Runs inside the
// store's namespace.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { type Layout, nodeFolders, nodeNames } from '../../../../tools/pair/src/layout.ts';
import { mailPart, nodeParts } from '../../../../tools/pair/src/node-parts.ts';
import type { PartSpec } from '../../../../tools/pair/src/part.ts';
import { setUpNodes } from '../../../../tools/pair/src/set-up.ts';
import { prepareStore } from '../../../../tools/pair/src/store/postgres.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** What the lease and the address need, and the console, which tells the state. */
const leaseOnly = new Set(['nats-server', 'heartbeat', 'arbiter', 'network-binding', 'console']);
const all = process.env['HOTSTANDBY_BENCH_SERVICES'] === 'all';

const profiles = ['fast', 'standard', 'classic'] as const;
const profile = profiles.find((name) => name === given('FB_PROFILE'));
if (!profile) throw new Error(`--profile: expected one of ${profiles.join(', ')}`);

/** To find how far the times can go down: `{"beatMs":15,"leaseTtlMs":50}`. */
const timing = process.env['HOTSTANDBY_BENCH_TIMING'] ? JSON.parse(process.env['HOTSTANDBY_BENCH_TIMING']) : null;

/** To find out what the store did when an answer came late: `log_checkpoints=on log_min_duration_statement=30`. */
const storeSettings = (process.env['HOTSTANDBY_BENCH_STORE'] ?? '').split(' ').filter(Boolean);

const vip = `${given('FB_VIP')}/${given('FB_PLEN')}`;
const addresses = { store: given('FB_STORE_IP'), a: given('FB_IP_a'), b: given('FB_IP_b'), vip, network: 'samenet' };
const layout: Layout = { root, data: path.join(given('FB_STATE'), 'hotstandby'), addresses, virtualName: null };
const env = { PATH: given('PATH'), HOME: given('HOME') };

mkdirSync(layout.data, { recursive: true, mode: 0o711 });
await setUpNodes(layout, { profile, fileSync: all }, true);
for (const node of nodeNames) {
  const { config, home } = nodeFolders(layout, node);
  const made = parse(readFileSync(config, 'utf8')) as { binding: object };
  const binding = { ...made.binding, interface: given('FB_IFACE') };
  // What is not started here must not be missed.
  const policy = all ? {} : { criticalServices: ['network-binding', 'workload'] };
  writeFileSync(config, stringify({ ...made, binding, policy, workload: { checks: checksOf(node) }, ...(timing === null ? {} : { timing }) }));
  const lines = nodeParts(layout, node, env, []).flatMap(({ name, program, args }) => {
    const part = path.basename(name);
    return all || leaseOnly.has(part) ? [[part, program, ...args].join('\t')] : [];
  });
  writeFileSync(path.join(home, 'parts'), `${lines.join('\n')}\n`);
}

const store = await prepareStore(layout, env, []);
start({ ...store.part, args: [...store.part.args, ...storeSettings.flatMap((one) => ['-c', one])] });
if (all) start(mailPart(layout, path.join(root, 'tools/pair/bundle/main.mjs'), env, []));
await store.ready();

/** In the case that kills the application: its process, as often as the product looks by default. The harness keeps its id there. */
function checksOf(node: string): object[] {
  if (process.env['FB_CASE'] !== 'appdeath') return [];
  return [{ kind: 'process', name: 'application', pidFile: path.join(given('FB_STATE'), `app-${node}.pid`) }];
}

/** Outlives this process; the harness kills whatever is left in its namespaces. */
function start({ program, args, cwd, logFile }: PartSpec): void {
  const log = openSync(logFile, 'a');
  spawn(program, args, { env, cwd: cwd ?? '/', detached: true, stdio: ['ignore', log, log] }).unref();
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: failover-bench calls this`);
  return value;
}
