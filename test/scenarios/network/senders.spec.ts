// Real senders of every kind through a take-over: kill -9 of the whole active node while they send to the virtual IP.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerVerification } from '@hotstandby/contracts';
import { type NodeName, peerOf } from '../../../tools/pair/src/layout.ts';
import { eventually } from '../../parts/eventually.ts';
import type { Heard } from '../../sinks/listen-process.ts';
import { NetworkPair } from './pair.ts';
import { inside, ip, missing } from './programs.ts';
import { absentSenders, collectorFor, RealSenders } from './real-senders.ts';
import { settlingMs } from './records.ts';
import type { Attempt } from './sender-programs.ts';

const absent = absentSenders();
const why = missing() ?? (absent.length > 0 ? `needs ${absent.join(', ')}` : null);

const wholeWithinMs = 90_000;
/** Whoever has a connection is back this soon after the address is: rsyslog looks every second. */
const reconnectedWithinMs = 30_000;
/** Not stored is only what was sent this long before the fault at most: it was on its way, on the wire or in a process that died. */
const onItsWayMs = 1000;
const softwarePort = 5140;

interface Row {
  name: string;
  number: number;
  source: string;
  receivedMs: number;
}

const syslogQuery = `select split_part(message, ' ', 1) as name, split_part(message, ' ', 2)::int as number, host(source_address) as source,
    (extract(epoch from received_at) * 1000)::float8 as "receivedMs"
  from syslog_message where message ~ '^(log-|rsyslog-|s_client)[a-z]* [0-9]+$'`;
/** Versions 1 and 2c are told by their community; of version 3 the informs by their numbers. */
const trapQuery = `select case when version <> '3' then community when uptime_ticks >= 2000000 then 'inform-v3' else 'trap-v3' end as name,
    (uptime_ticks % 1000000)::int as number, host(source_address) as source,
    (extract(epoch from received_at) * 1000)::float8 as "receivedMs"
  from snmp_trap where uptime_ticks is not null`;
const connected = ['log-lines', 'log-counts', 'rsyslog-tcp', 'rsyslog-tls', 's_client'] as const;
const datagrams = ['log-udp', 'trap-v1', 'trap-v2c', 'trap-v3'] as const;
const informs = ['inform-v2c', 'inform-v3'] as const;
const flowVersions = [5, 9, 10, 105];

describe.skipIf(why !== null)(`real senders through a take-over${why === null ? '' : ` (${why})`}`, () => {
  let pair: NetworkPair;
  let senders: RealSenders;
  let software: ChildProcess;
  let heard = '';
  /** Everybody had been stored by then. */
  let steadyMs = 0;
  let faultMs = 0;
  let boundMs = 0;
  let wellDone = false;
  const rows = new Map<string, Row[]>();

  beforeAll(async () => {
    pair = await NetworkPair.start('standard', (lan, folder) => {
      const files = join(folder, 'senders');
      mkdirSync(files, { recursive: true });
      const forward = { type: 'forward', address: lan.address('store'), port: softwarePort, kinds: ['syslog', 'trap'] };
      return { ...collectorFor(lan, files), sinks: [{ ...forward, source: 'original' }] };
    });
    const listener = fileURLToPath(new URL('../../sinks/listen-process.ts', import.meta.url));
    const words = [
      process.execPath,
      '--conditions=@hotstandby/source',
      listener,
      pair.lan.address('store'),
      `${softwarePort}`,
    ];
    const [program = '', ...args] = [...inside(pair.lan.namespace('store')), ...words];
    software = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    software.stdout?.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    senders = new RealSenders(pair.lan, join(pair.folder, 'senders'));
  }, 180_000);

  afterAll(async () => {
    await senders?.stop().catch((error: unknown) => console.log(String(error)));
    software?.kill('SIGKILL');
    await pair?.close(wellDone);
    if (pair && !wellDone) console.log(`logs and data: ${pair.folderAfter}`);
  }, 60_000);

  async function look(): Promise<void> {
    const found = [
      ...(await pair.sql<Row & Record<string, unknown>>(syslogQuery)),
      ...(await pair.sql<Row & Record<string, unknown>>(trapQuery)),
    ];
    rows.clear();
    for (const row of found) rows.set(row.name, [...(rows.get(row.name) ?? []), row]);
  }
  const of = (name: string) => rows.get(name) ?? [];
  const copiesOf = (name: string) => {
    const copies = new Map<number, number>();
    for (const { number } of of(name)) copies.set(number, (copies.get(number) ?? 0) + 1);
    return copies;
  };
  const flowsSince = async (sinceMs: number) => {
    const text = `select distinct version from flow_record where malformed is null and received_at >= to_timestamp($1::float8 / 1000)`;
    return (await pair.sql<{ version: number }>(text, [sinceMs]))
      .map(({ version }) => version)
      .toSorted((a, b) => a - b);
  };
  const toldOf = (names: readonly string[]) =>
    names
      .map(
        (name) => `${name}: ${JSON.stringify(senders.attempts[name]?.slice(-3))} ${JSON.stringify(of(name).slice(-3))}`,
      )
      .join('\n');
  /** Every sender has something in the store that was received since then. */
  const everyoneSince = (sinceMs: number, withinMs: number, what: string) =>
    eventually(
      async () => {
        await look();
        const silent = [...connected, ...datagrams, ...informs].filter(
          (name) => !of(name).some(({ receivedMs }) => receivedMs >= sinceMs),
        );
        const versions = await flowsSince(sinceMs);
        if (silent.length > 0 || versions.join() !== flowVersions.join())
          throw new Error(
            `nothing of ${silent.join(', ')}; flows of ${versions.join(', ')}\n${toldOf(silent)}\n${senders.said}`,
          );
        return true;
      },
      withinMs,
      what,
    );

  const inTrouble = (fromMs: number, toMs = fromMs) => toMs >= faultMs - onItsWayMs && fromMs <= boundMs + settlingMs;

  it('have all of theirs stored by the active', async () => {
    await pair.settled(wholeWithinMs);
    senders.start();
    await everyoneSince(0, 60_000, 'something of every sender');
    steadyMs = Date.now();
  }, 200_000);

  it('find the new active by themselves', async () => {
    const active = await pair.settled(wholeWithinMs);
    const next = peerOf(active);
    const has = async (node: NodeName) =>
      (await ip('-n', pair.lan.namespace(node), '-o', 'address', 'show', 'dev', 'eth0')).includes(` ${pair.lan.vip}/`);
    await new Promise((resolve) => setTimeout(resolve, 2 * onItsWayMs));
    faultMs = Date.now();
    await pair.killNode(active);
    boundMs = await eventually(
      async () => ((await has(next)) ? Date.now() : null),
      30_000,
      'the address at the new active',
    );
    await everyoneSince(boundMs, reconnectedWithinMs + settlingMs, 'something of every sender at the new active');
    const firstAfter = (name: string) =>
      Math.min(...of(name).flatMap(({ receivedMs }) => (receivedMs >= boundMs ? [receivedMs] : [])));
    const back = [...connected, ...informs].map((name) => `${name} ${Math.round(firstAfter(name) - boundMs)} ms`);
    console.log(`address after ${boundMs - faultMs} ms; back after that: ${back.join(', ')}`);
    pair.startNode(active);
    await pair.settled(wholeWithinMs);
    await senders.stop();
  }, 200_000);

  it('have had everything that either node received stored once', async () => {
    const verified = await eventually(
      async () => {
        const { code, out, err } = await pair.cli('a', ['--json', 'ledger', 'verify', '--last', '10m']);
        if (code !== 0) throw new Error(`${code} ${out.slice(0, 5000)}${err}`);
        const found = ledgerVerification.parse(JSON.parse(out));
        // Up to the last that was sent.
        const last = Math.max(...[...rows.values()].flat().map(({ receivedMs }) => receivedMs));
        await look();
        if (Date.parse(found.until) <= last) throw new Error(`looked until ${found.until} only`);
        return found;
      },
      60_000,
      'the proof',
    );
    expect(verified).toMatchObject({ feed: 'vip', verdict: 'proven', totals: { lost: 0, doubled: 0, unknown: 0 } });
    // Both reigns, and what lies between them.
    expect(Date.parse(verified.from)).toBeLessThan(faultMs - onItsWayMs);
    for (const { name, received } of verified.nodes) expect(received, name).toBeGreaterThan(50);
    for (const table of ['syslog_message', 'snmp_trap', 'flow_record']) {
      const unread = await pair.sql(`select malformed, raw from ${table} where malformed is not null limit 3`);
      expect({ table, unread }).toEqual({ table, unread: [] });
    }
  }, 120_000);

  it('lost nothing but what was on its way when the node died or came while nobody had the address', () => {
    const told: string[] = [];
    const judge = (name: string, sent: { number: number; fromMs: number; toMs: number }[]) => {
      const copies = copiesOf(name);
      const calm = sent.filter(({ fromMs, toMs }) => fromMs >= steadyMs && !inTrouble(fromMs, toMs));
      expect(calm.length, name).toBeGreaterThan(3);
      const wrong = calm
        .filter(({ number }) => copies.get(number) !== 1)
        .map(({ number }) => `${number}: ${copies.get(number) ?? 0}`);
      expect({ name, wrong }).toEqual({ name, wrong: [] });
      const lost = sent.filter(({ number }) => !copies.has(number)).length;
      const again = [...copies.values()].filter((count) => count > 1).length;
      told.push(`${name} ${sent.length} sent, ${lost} lost, ${again} sent again by themselves and stored as often`);
    };
    const attemptsOf = (name: string) =>
      (senders.attempts[name] ?? []).map(({ number, beganMs, endedMs }) => ({
        number,
        fromMs: beganMs,
        toMs: endedMs,
      }));
    /** One that had to be tried again is judged by all of its attempts. */
    const joined = (name: string) => {
      const byNumber = Map.groupBy(attemptsOf(name), ({ number }) => number);
      return [...byNumber].map(([number, all]) => ({
        number,
        fromMs: all[0]?.fromMs ?? 0,
        toMs: all.at(-1)?.toMs ?? 0,
      }));
    };
    for (const name of [...datagrams, 'log-lines', 'log-counts']) judge(name, joined(name));
    // A forwarder holds what it was told until it can send: only how long before the fault it was told says something.
    const written = (lines: { atMs: number }[], untilMs: number) =>
      lines
        .map(({ atMs }, index) => ({ number: index + 1, fromMs: atMs, toMs: atMs }))
        .filter(({ fromMs }) => fromMs < untilMs);
    const { rsyslog, s_client } = senders.lines;
    const endMs = Math.max(...of('rsyslog-tcp').map(({ receivedMs }) => receivedMs)) - 5000;
    for (const name of ['rsyslog-tcp', 'rsyslog-tls']) judge(name, written(rsyslog, endMs));
    // What is written into a connection before it is made, or noticed to be gone, is nobody's.
    const atEnds = s_client.map(({ atMs }, index) => ({ number: index + 1, fromMs: atMs, toMs: atMs }));
    const first = Math.min(...of('s_client').map(({ number }) => number));
    const back = Math.min(
      ...of('s_client').flatMap(({ number, receivedMs }) => (receivedMs >= boundMs ? [number] : [])),
    );
    judge(
      's_client',
      atEnds.filter(
        ({ number, fromMs }) => (number >= first && fromMs < faultMs) || (number >= back && fromMs < endMs),
      ),
    );
    console.log(told.join('\n'));
  });

  it('have every inform that was answered stored, and more than once only what they repeated', () => {
    for (const name of informs) {
      const attempts: Attempt[] = senders.attempts[name] ?? [];
      const copies = copiesOf(name);
      const answered = attempts.filter(({ code }) => code === 0);
      expect(
        attempts.filter(({ code }) => code !== 0),
        `${name}: not answered`,
      ).toEqual([]);
      expect(
        answered.filter(({ number }) => !copies.has(number)),
        `${name}: answered and not stored`,
      ).toEqual([]);
      // An answer within a second: snmpinform had no reason to say it again.
      const once = answered.filter(({ beganMs, endedMs }) => endedMs - beganMs < 1000);
      expect(once.length, name).toBeGreaterThan(3);
      expect(
        once.filter(({ number }) => copies.get(number) !== 1),
        `${name}: not stored once`,
      ).toEqual([]);
      const repeated = answered.filter((one) => !once.includes(one));
      for (const { number, beganMs, endedMs } of repeated)
        expect(copies.get(number), `${name} ${number}`).toBeLessThanOrEqual(2 + (endedMs - beganMs) / 1000);
      // Version 3: the new active is the engine that the old one was, so nothing but silence can be in the way.
      const longest = Math.max(...attempts.map(({ beganMs, endedMs }) => endedMs - beganMs));
      expect(longest, name).toBeLessThan(boundMs - faultMs + settlingMs + 5000);
      console.log(`${name}: ${answered.length} answered, ${repeated.length} repeated, the longest took ${longest} ms`);
    }
  });

  it('are known to the software behind the pair by their own address, before and after', async () => {
    const lines = heard
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as Heard);
    const client = pair.lan.address('client');
    const strange = lines.filter(({ from, head }) => from !== client || head.startsWith('0d0a0d0a000d0a'));
    expect(strange.slice(0, 3)).toEqual([]);
    const stored = [...rows.values()].reduce((sum, some) => sum + some.length, 0);
    // At least once, as long as this machine's sockets have room.
    expect(lines.length).toBeGreaterThan(stored * 0.9);
    wellDone = true;
  });
});
