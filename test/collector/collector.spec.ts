import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prepareReply, subjects } from '@hotstandby/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import type { CollectorProcess } from './collector-process.ts';
import { ingestTexts } from './ingest-content.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender, type UdpSender } from './udp-sender.ts';

const run = promisify(execFile);
const capture = fileURLToPath(new URL('../fixtures/flows.pcap', import.meta.url));
let rig: CollectorRig;
let sender: UdpSender;

beforeAll(async () => {
  rig = await CollectorRig.start();
  sender = await udpSender();
  await rig.claim();
});
afterAll(async () => {
  sender?.close();
  await rig?.stop();
});
afterEach(() => rig.endCollectors());

const line = (text: string) => `<13>1 2026-01-01T00:00:00Z host app - - - ${text}`;

/** Stored messages that begin with `prefix`, in no order. */
async function stored(prefix: string): Promise<string[]> {
  const rows = await rig.postgres.sql('select message from hotstandby.syslog_message where message like $1', [
    `${prefix}%`,
  ]);
  return rows.map((row) => String(row['message']));
}

/** Sends `prefix 0`, `prefix 1`, ... one by one until told to stop. */
function stream(prefix: string, everyMs = 1): { sent: () => number; stop: () => void } {
  let sent = 0;
  const timer = setInterval(() => {
    for (let burst = 0; burst < 5; burst++) void sender.send(line(`${prefix} ${sent++}`), address, rig.ports.syslog);
  }, everyMs);
  return { sent: () => sent, stop: () => clearInterval(timer) };
}

/** The number in a message of `stream`. */
const numbersIn = (texts: string[]) => texts.map((text) => Number(text.split(' ').at(-1))).sort((a, b) => a - b);
const doubled = (numbers: number[]) => numbers.filter((value, index) => value === numbers[index - 1]);

describe('the collector as a process', () => {
  it('stores what logger and snmptrap send, in both roles received, and only once active', async () => {
    const process = await rig.readyCollector();
    await run('logger', ['-n', address, '-P', String(rig.ports.syslog), '-d', '--rfc5424', '-t', 'hs', 'first 5424']);
    await run('logger', ['-n', address, '-P', String(rig.ports.syslog), '-d', '--rfc3164', '-t', 'hs', 'first 3164']);
    await eventually(() => sum(rig.status(process)?.detail['received']) === 2);
    expect(await rig.count('syslog_message')).toBe(0);
    rig.grant();
    await eventually(async () => (await stored('first')).length === 2);
    expect(rig.status(process)?.health).toBe('ok');
    await eventually(() => rig.events.some(({ type }) => type === 'collector.listening'));
    await eventually(() => rig.events.some(({ type }) => type === 'collector.delivering'));
  });

  it.skipIf(!existsSync('/usr/bin/snmptrap'))('stores traps of snmptrap', async () => {
    await rig.readyCollector();
    rig.grant();
    const trap = ['-m', '', '-v2c', '-c', 'public', `${address}:${rig.ports.trap}`, '', '1.3.6.1.6.3.1.1.5.3'];
    await run('snmptrap', trap);
    const [row] = await eventually(async () => {
      const rows = await rig.rows('snmp_trap');
      return rows.length > 0 ? rows : null;
    });
    expect(row).toMatchObject({ trap_oid: '1.3.6.1.6.3.1.1.5.3', version: '2c', community: 'public', malformed: null });
  });

  it.skipIf(!existsSync('/usr/sbin/softflowd'))('stores flows of softflowd in all versions', async () => {
    await rig.readyCollector();
    rig.grant();
    const to = `${address}:${rig.ports.flow}`;
    for (const version of ['5', '9', '10']) {
      await run('/usr/sbin/softflowd', ['-r', capture, '-n', to, '-v', version, '-d'], { timeout: 20_000 });
    }
    const rows = await eventually(async () => {
      const all = await rig.rows('flow_record');
      return new Set(all.map((row) => row['version'])).size === 3 ? all : null;
    });
    const of = (version: number) => rows.filter((row) => row['version'] === version);
    // Version 5 has no IPv6.
    expect(of(9).length).toBe(of(10).length);
    expect(rows.filter((row) => row['malformed'] !== null)).toEqual([]);
    expect(rows.every((row) => row['source_address'] && row['octets'])).toBe(true);
  });

  it('stores once what reached INGEST, however often the process is killed', async () => {
    let process = await rig.readyCollector();
    rig.grant();
    const sending = stream('killed');
    for (let round = 0; round < 3; round++) {
      const before = sending.sent();
      await eventually(async () => (await stored('killed')).length > before + 200, 20_000, 'rows between two kills');
      await process.kill();
      process = await rig.readyCollector();
    }
    sending.stop();
    const reached = async () => numbersIn(await ingestTexts(rig.reader.ingest(), 'killed'));
    const missing = async () => {
      const there = new Set(numbersIn(await stored('killed')));
      return (await reached()).filter((number) => !there.has(number));
    };
    // What a killed process held is delivered again when its time to answer is over; newer messages do not wait for it.
    await eventually(async () => (await missing()).length === 0, 60_000, 'all that reached INGEST');
    const numbers = numbersIn(await stored('killed'));
    expect(doubled(numbers)).toEqual([]);
    expect(await reached()).toEqual(numbers);
    expect(numbers.length).toBeGreaterThan(600);
  });

  it('loses nothing while the store is killed and started again', async () => {
    const process = await rig.readyCollector();
    rig.grant();
    const sending = stream('store', 5);
    await eventually(async () => (await stored('store')).length > 50);
    await rig.postgres.kill();
    await eventually(() => rig.status(process)?.health === 'degraded');
    expect(rig.status(process)?.summary).toContain('store');
    const atOutage = sending.sent();
    await eventually(() => sending.sent() > atOutage + 200);
    await rig.postgres.start();
    await eventually(async () => (await stored('store')).length > atOutage + 200, 30_000, 'rows after the outage');
    sending.stop();
    await eventually(async () => (await stored('store')).length === sending.sent(), 30_000, 'everything sent');
    expect(doubled(numbersIn(await stored('store')))).toEqual([]);
    await eventually(() => rig.status(process)?.health === 'ok');
  });

  it('loses nothing while the NATS server is killed and started again', async () => {
    const process = await rig.readyCollector();
    rig.grant();
    const sending = stream('nats', 5);
    await eventually(async () => (await stored('nats')).length > 50);
    await rig.nats.kill();
    const atOutage = sending.sent();
    await eventually(() => sending.sent() > atOutage + 200);
    await rig.nats.start();
    await eventually(() => sending.sent() > atOutage + 400);
    sending.stop();
    await eventually(async () => (await stored('nats')).length === sending.sent(), 30_000, 'everything sent');
    expect(doubled(numbersIn(await stored('nats')))).toEqual([]);
    expect(process.output()).not.toMatch(/"level":(60|"fatal")/);
  });

  it('shares sockets and INGEST with a replica', async () => {
    const one = await rig.readyCollector();
    const two = await rig.readyCollector();
    rig.grant();
    const senders = await Promise.all(Array.from({ length: 16 }, () => udpSender()));
    for (let n = 0; n < 2000; n++) {
      await senders[n % senders.length]?.send(line(`shared ${n}`), address, rig.ports.syslog);
    }
    for (const each of senders) each.close();
    await eventually(async () => (await stored('shared')).length === 2000, 20_000, 'all rows');
    expect(doubled(numbersIn(await stored('shared')))).toEqual([]);
    const received = (process: CollectorProcess) => sum(rig.status(process)?.detail['received']);
    await eventually(() => received(one) + received(two) === 2000);
    expect(received(one)).toBeGreaterThan(0);
    expect(received(two)).toBeGreaterThan(0);
  });

  it('as a standby that takes over stores what it received and nobody stored, and soon', async () => {
    const process = await rig.readyCollector();
    // The other node reigns meanwhile: a new tenure of this one begins at the next claim.
    await rig.claim('id-b');
    const sending = stream('tenure', 5);
    await eventually(() => sending.sent() > 300);
    expect(await stored('tenure')).toEqual([]);
    const epoch = await rig.claim();
    rig.grant();
    await eventually(async () => (await stored('tenure')).length > 500);
    sending.stop();
    await eventually(async () => numbersIn(await stored('tenure')).at(-1) === sending.sent() - 1);
    const numbers = numbersIn(await stored('tenure'));
    expect(numbers).toEqual(Array.from({ length: sending.sent() }, (_, index) => index));
    const epochs = await rig.postgres.sql(
      `select distinct epoch::int as epoch from hotstandby.syslog_message where message like 'tenure%'`,
    );
    expect(epochs).toEqual([{ epoch }]);
    const afterMs = await eventually(() => rig.status(process)?.detail['firstCommitAfterMs'] as number | null);
    console.log(`first commit ${Math.round(afterMs)} ms after the gate opened`);
    expect(afterMs).toBeLessThan(500);
  });

  it('stores nothing under a reign that is over, whatever its grant says', async () => {
    await rig.readyCollector();
    rig.grant();
    await sender.send(line('stale before'), address, rig.ports.syslog);
    await eventually(async () => (await stored('stale')).length === 1);
    await rig.claimSilently('id-b');
    await sender.send(line('stale after'), address, rig.ports.syslog);
    await eventually(async () => (await ingestTexts(rig.reader.ingest(), 'stale')).length === 2);
    const held = performance.now();
    await eventually(() => performance.now() - held > 700, 2000);
    expect(await stored('stale')).toEqual(['stale before']);
    await rig.claim();
  });

  it('before a planned transition stores everything received', async () => {
    const process = await rig.readyCollector();
    rig.grant();
    await eventually(() => rig.status(process)?.detail['delivering']);
    for (let n = 0; n < 500; n++) await sender.send(line(`drained ${n}`), address, rig.ports.syslog);
    const place = { cluster: 'test', node: 'a' };
    const request = { phase: 'pre', from: 'active', to: 'standby', epoch: 1, rule: 'R', deadlineMs: 5000 };
    const began = performance.now();
    const answer = await rig.arbiter.bus.request(subjects.prepare(place, 'collector'), request, 6000);
    const tookMs = performance.now() - began;
    expect(prepareReply.parse(answer)).toEqual({ done: true });
    expect(await stored('drained')).toHaveLength(500);
    console.log(`drained in ${Math.round(tookMs)} ms`);
    // Called off.
    await sender.send(line('called off'), address, rig.ports.syslog);
    await rig.arbiter.bus.request(
      subjects.prepare(place, 'collector'),
      { ...request, phase: 'post', to: 'active' },
      2000,
    );
    await eventually(async () => (await stored('called off')).length === 1);
  });

  it('keeps garbage of every kind and length, marked', async () => {
    const process = await rig.readyCollector();
    rig.grant();
    const seed = Date.now() % 1_000_000;
    console.log(`garbage seed ${seed}`);
    const garbage = random(seed);
    const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 20, 24, 63, 64, 255, 256, 1472, 4096, 16_384, 65_000, 65_507];
    let sent = 0;
    for (const port of Object.values(rig.ports)) {
      for (const length of lengths) {
        await sender.send(garbage(length), address, port);
        sent++;
      }
    }
    await eventually(() => sum(rig.status(process)?.detail['received']) === sent, 20_000, 'all received');
    const malformed = async () => {
      const tables = ['syslog_message', 'snmp_trap', 'flow_record'];
      const of = (table: string) =>
        `select octet_length(raw) as length from hotstandby.${table} where malformed not like '%of INGEST is not a whole frame%'`;
      return rig.postgres.sql(tables.map(of).join(' union all '));
    };
    const rows = await eventually(async () => {
      const all = await malformed();
      return all.length >= sent ? all : null;
    }, 20_000);
    expect(rows).toHaveLength(sent);
    for (const length of lengths)
      expect(
        rows.filter((row) => row['length'] === length),
        `${length}`,
      ).toHaveLength(3);
    expect(rig.status(process)?.health).toBe('ok');
  });

  it('says which port it cannot have, goes on with the others, and takes it when it is free', async () => {
    const squatter = await udpSender(address);
    const process = await rig.collector(`  trapPorts: [${squatter.port()}]`);
    await eventually(() => rig.status(process)?.health === 'failed');
    expect(rig.status(process)?.summary).toContain('HS_PORT_IN_USE');
    squatter.close();
    await eventually(() => rig.status(process)?.health === 'ok', 20_000);
  });

  it('stops cleanly and brings what it has into INGEST first', async () => {
    const process = await rig.readyCollector();
    for (let n = 0; n < 20; n++) await sender.send(line(`last ${n}`), address, rig.ports.syslog);
    await eventually(() => sum(rig.status(process)?.detail['received']) === 20);
    expect(await process.stop()).toBe(0);
    expect(await ingestTexts(rig.reader.ingest(), 'last')).toHaveLength(20);
  });
});

function sum(counts: unknown): number {
  return Object.values((counts ?? {}) as Record<string, number>).reduce((total, count) => total + count, 0);
}

/** Bytes by mulberry32. */
function random(seed: number): (length: number) => Uint8Array {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) & 0xff;
  };
  return (length) => Uint8Array.from({ length }, next);
}
