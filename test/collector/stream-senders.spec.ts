import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { Authority } from './certificates.ts';
import type { CollectorProcess } from './collector-process.ts';
import { freeTcpPort } from './free-tcp-port.ts';
import { address, CollectorRig } from './rig.ts';

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), 'stream-senders-'));
const children: ChildProcess[] = [];
const rsyslogd = '/usr/sbin/rsyslogd';
/** rsyslog's driver for TLS is a package of its own. */
const hasTls = readdirSync('/usr/lib').some((triplet) => existsSync(`/usr/lib/${triplet}/rsyslog/lmnsd_gtls.so`));
const overTls = {
  name: 'TLS',
  options: 'TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="anon"',
};
const plain = [
  { name: 'lines', options: 'TCP_Framing="traditional"' },
  { name: 'counts', options: 'TCP_Framing="octet-counted"' },
];

function start(program: string, args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => {});
  return { child, output: () => output };
}

describe('the collector as a process, with syslog over connections', () => {
  let rig: CollectorRig;
  let collector: CollectorProcess;
  let tlsPort: number;
  let friend: { certFile: string; keyFile: string };
  let authority: Authority;
  beforeAll(async () => {
    rig = await CollectorRig.start();
    await rig.claim();
    tlsPort = await freeTcpPort(address);
    authority = new Authority(folder, 'ca');
    const { certFile, keyFile } = authority.issue('server', 'collector', address);
    friend = authority.issue('friend', 'friend');
    const files = `certFile: "${certFile}", keyFile: "${keyFile}", caFile: "${authority.caFile}"`;
    collector = await rig.readyCollector(
      `  syslogTlsPorts: [${tlsPort}]\n  tls: { ${files}, clientCertificates: required }\n`,
    );
    rig.grant();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rig?.stop();
    rmSync(folder, { recursive: true });
  });
  const stored = async (text: string) =>
    (await rig.rows('syslog_message')).filter(({ message }) => String(message).includes(text));

  it('stores what logger sends over TCP, in both framings', async () => {
    const to = ['--tcp', '-n', address, '-P', String(rig.ports.syslog)];
    await run('logger', [...to, '--rfc5424', 'logger-line']);
    await run('logger', [...to, '--rfc5424', '--octet-count', 'logger-count']);
    await run('logger', [...to, '--rfc3164', '-t', 'app', 'logger-old']);
    const rows = await eventually(async () => {
      const all = await stored('logger-');
      return all.length === 3 ? all : null;
    }, 30_000);
    expect(rows.map(({ format, message, malformed }) => [format, message, malformed]).toSorted()).toEqual([
      ['rfc3164', 'logger-old', null],
      ['rfc5424', 'logger-count', null],
      ['rfc5424', 'logger-line', null],
    ]);
  });

  it.skipIf(!existsSync(rsyslogd)).each(plain)('stores every message of rsyslog once ($name)', storesEach);
  const noTls = hasTls ? '' : ', skipped: rsyslog-gnutls is not installed';
  it.skipIf(!hasTls).each([overTls])(`stores every message of rsyslog once ($name)${noTls}`, storesEach);

  async function storesEach({ name, options }: typeof overTls): Promise<void> {
    const count = 2000;
    const input = path.join(folder, `${name}.in`);
    const work = path.join(folder, `${name}.work`);
    mkdirSync(work);
    const lines = Array.from({ length: count }, (_, index) => `rsyslog-${name} number ${index}\n`);
    writeFileSync(input, lines.join(''));
    const config = path.join(folder, `${name}.conf`);
    const port = name === 'TLS' ? tlsPort : rig.ports.syslog;
    writeFileSync(
      config,
      `global(workDirectory="${work}"${name === 'TLS' ? ` DefaultNetstreamDriverCAFile="${authority.caFile}" DefaultNetstreamDriverCertFile="${friend.certFile}" DefaultNetstreamDriverKeyFile="${friend.keyFile}"` : ''})
module(load="imfile")
input(type="imfile" File="${input}" Tag="t")
action(type="omfwd" Target="${address}" Port="${port}" Protocol="tcp" ${options} Template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
`,
    );
    const { output } = start(rsyslogd, ['-n', '-f', config, '-i', path.join(folder, `${name}.pid`)]);
    const rows = await eventually(
      async () => {
        const all = await stored(`rsyslog-${name} `);
        return all.length >= count ? all : null;
      },
      40_000,
      `the messages of rsyslog`,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output()}`, { cause: error });
    });
    expect(new Set(rows.map(({ message }) => message)).size).toBe(count);
    expect(rows).toHaveLength(count);
    expect(rows.every(({ malformed, format }) => malformed === null && format === 'rfc5424')).toBe(true);
  }

  it('takes what openssl s_client sends with a certificate, and tells who came without', async () => {
    const to = ['s_client', '-connect', `${address}:${tlsPort}`, '-quiet', '-CAfile', authority.caFile];
    const good = start('openssl', [...to, '-cert', friend.certFile, '-key', friend.keyFile]);
    const message = '<34>1 - host app - - - s_client-friend';
    good.child.stdin?.write(`${message.length} ${message}`);
    await eventually(async () => (await stored('s_client-friend')).length === 1, 30_000, 'the message of the friend');
    const bad = start('openssl', to);
    bad.child.stdin?.write(`${message.length} ${message}`);
    const told = () => rig.events.find(({ type, data }) => type === 'collector.refused' && data['reason'] === 'tls');
    await eventually(told, 30_000, 'the event');
    expect(told()?.data).toMatchObject({ kind: 'syslog', source: '127.0.0.1', count: 1 });
    expect(await stored('s_client-friend')).toHaveLength(1);
    const { detail } = (await eventually(() => rig.status(collector))) ?? { detail: {} };
    expect(detail['ports']).toContainEqual(
      expect.objectContaining({ kind: 'syslog', transport: 'tls', port: tlsPort }),
    );
  });
});
