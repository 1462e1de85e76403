// Planned switchovers under senders with connections: syslog over TCP to the virtual IP, at a steady rate.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeName, peerOf, ports } from '../../../tools/pair/src/layout.ts';
import { eventually } from '../../parts/eventually.ts';
import { NetworkPair } from './pair.ts';
import { inside, missing, searchPath } from './programs.ts';
import { findProgram } from './sender-programs.ts';

const why = missing() ?? (findProgram('rsyslogd') === null ? 'needs rsyslog' : null);
const perSecond = 500;
const switchovers = 4;
const wholeWithinMs = 90_000;
/** Of the order to move, until the last sender is with the new active: a busy machine takes long for what is short. */
const movedWithinMs = 20_000;

interface Sent {
  count: number;
  /** How often it connected; of rsyslog not known. */
  connections: number | null;
}

describe.skipIf(why !== null)(`senders with connections${why === null ? '' : ` (${why})`}`, () => {
  let pair: NetworkPair;
  let forwarder: { sent: () => number; end(): void };
  const devices = new Map<string, ChildProcess>();
  const told = new Map<string, string>();
  let wellDone = false;

  beforeAll(async () => {
    pair = await NetworkPair.start('standard');
    await pair.settled(wholeWithinMs);
    for (const how of ['heedful', 'heedless']) devices.set(how, device(how));
    forwarder = rsyslog();
  }, 240_000);

  afterAll(async () => {
    for (const child of devices.values()) child.kill('SIGKILL');
    forwarder?.end();
    await pair?.close(wellDone);
    if (pair && !wellDone) console.log(`logs and data: ${pair.folderAfter}`);
  }, 60_000);

  const started = (words: string[], stdout: 'pipe' | 'ignore') => {
    const [program = '', ...args] = [...inside(pair.lan.namespace('client')), ...words];
    return spawn(program, args, { stdio: ['ignore', stdout, 'ignore'], env: { PATH: searchPath, LC_ALL: 'C' } });
  };

  function device(how: string): ChildProcess {
    const main = join(import.meta.dirname, 'stream-sender.ts');
    const child = started([process.execPath, main, how, pair.lan.vip, `${ports.syslog}`, `${perSecond}`, how], 'pipe');
    child.stdout?.on('data', (chunk: Buffer) => told.set(how, `${told.get(how) ?? ''}${chunk.toString()}`));
    return child;
  }

  /** A forwarder as in the documentation, of a file that grows. */
  function rsyslog(): typeof forwarder {
    const work = join(pair.folder, 'rsyslog');
    mkdirSync(work);
    const input = join(work, 'input.log');
    writeFileSync(input, '');
    const config = join(work, 'rsyslog.conf');
    const target = `Target="${pair.lan.vip}" Port="${ports.syslog}" Protocol="tcp" TCP_Framing="octet-counted"`;
    writeFileSync(
      config,
      `global(workDirectory="${work}")
module(load="imfile")
input(type="imfile" File="${input}" Tag="t")
template(name="numbered" type="string" string="<134>1 %timereported:::date-rfc3339% client rsyslog - - - rsyslog %msg%")
action(type="omfwd" ${target} Template="numbered" queue.type="LinkedList" queue.size="50000" action.resumeRetryCount="-1" action.resumeInterval="1")
`,
    );
    const child = started(['rsyslogd', '-n', '-f', config, '-i', join(work, 'pid')], 'ignore');
    const beganMs = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - beganMs) * perSecond) / 1000);
      let lines = '';
      while (sent < due) lines += `${++sent}\n`;
      appendFileSync(input, lines);
    }, 10);
    // What was written last has time to arrive while the rest is looked at.
    const end = () => {
      clearInterval(timer);
      child.kill('SIGKILL');
    };
    return { sent: () => sent, end };
  }

  const rows = () =>
    pair.sql<{ name: string; number: number; receivedMs: number }>(
      `select split_part(message, ' ', 1) as name, btrim(split_part(message, ' ', 2))::int as number,
         (extract(epoch from received_at) * 1000)::float8 as "receivedMs"
       from syslog_message where message ~ '^(heedful|heedless|rsyslog) +[0-9]+$'`,
    );
  /** Each of the senders has something in the store that was received since then. */
  const everyoneSince = (sinceMs: number) =>
    eventually(
      async () => {
        const heard = new Set((await rows()).flatMap(({ name, receivedMs }) => (receivedMs > sinceMs ? [name] : [])));
        if (heard.size < 3) throw new Error(`only of ${[...heard].join(', ')}`);
        return true;
      },
      movedWithinMs,
      'something of every sender',
    );

  /** A machine that is too busy to answer (69) is asked again: it may have moved all the same. */
  const move = (active: NodeName) =>
    eventually(
      async () => {
        const { code, out, err } = await pair.cli(active, ['switchover']);
        const now = (await pair.status('a')).active?.name;
        if (code !== 0 && now !== peerOf(active)) throw new Error(`${code} ${out}${err}`);
        return true;
      },
      movedWithinMs,
      'a switchover',
    );

  it('follow a planned switchover, and lose nothing when they heed the end of a connection', async () => {
    await everyoneSince(0);
    let active: NodeName = await pair.settled(wholeWithinMs);
    const moves: { fromMs: number; toMs: number }[] = [];
    for (let count = 0; count < switchovers; count++) {
      const fromMs = Date.now();
      await move(active);
      await everyoneSince(Date.now());
      moves.push({ fromMs, toMs: Date.now() });
      expect(await pair.settled(wholeWithinMs)).toBe(peerOf(active));
      active = peerOf(active);
    }
    const sent = new Map<string, Sent>([['rsyslog', { count: forwarder.sent(), connections: null }]]);
    for (const [name, child] of devices) {
      child.kill('SIGTERM');
      const { sent: count, connections } = await eventually(
        () => JSON.parse(told.get(name) ?? '') as { sent: number; connections: number },
      );
      sent.set(name, { count, connections });
    }

    const lostOf = (found: Awaited<ReturnType<typeof rows>>, name: string) => {
      const stored = new Set(found.flatMap((row) => (row.name === name ? [row.number] : [])));
      const numbers = Array.from({ length: sent.get(name)?.count ?? 0 }, (_, index) => index + 1);
      return numbers.filter((number) => !stored.has(number));
    };
    const arrived = await eventually(
      async () => {
        const found = await rows();
        const lost = ['heedful', 'rsyslog'].map((name) => `${name} ${lostOf(found, name).join(' ')}`);
        if (lost.some((text) => /\d/.test(text))) throw new Error(`lost: ${lost.join('; ')}`);
        return found;
      },
      movedWithinMs,
      'everything of those who heed',
    );
    for (const [name, { count, connections }] of sent) {
      const numbers = arrived.flatMap((row) => (row.name === name ? [row.number] : []));
      expect(new Set(numbers).size, `${name}: doubled`).toBe(numbers.length);
      const lost = lostOf(arrived, name);
      console.log(
        `${name}: ${count} sent over ${connections ?? 'some'} connections, ${lost.length} lost in ${switchovers} switchovers`,
      );
      expect(count).toBeGreaterThan(switchovers * perSecond);
    }
    // Who looks at nothing learns of the move by an error: what it wrote until then went to a host that did not know the connection.
    expect(sent.get('heedless')?.connections).toBe(switchovers + 1);
    const sentAtMs = new Map(
      arrived.flatMap(({ name, number, receivedMs }) => (name === 'heedless' ? [[number, receivedMs]] : [])),
    );
    for (const number of lostOf(arrived, 'heedless')) {
      const before = Math.max(...[...sentAtMs].flatMap(([other, atMs]) => (other < number ? [atMs] : [])));
      expect(
        moves.some(({ fromMs, toMs }) => before >= fromMs - 1000 && before <= toMs),
        `lost ${number}`,
      ).toBe(true);
    }
    wellDone = true;
  }, 180_000);
});
