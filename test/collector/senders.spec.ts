import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import type { CollectorProcess } from './collector-process.ts';
import { address, CollectorRig } from './rig.ts';
import { freeUdpPort, udpSender } from './udp-sender.ts';

const run = promisify(execFile);
const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const engine = '0x8000000001020304';
const linkDown = ['4242', '1.3.6.1.6.3.1.1.5.3', '1.3.6.1.2.1.2.2.1.1.3', 'i', '3'];
const senders = [
  ['MD5', 'DES'],
  ['SHA', 'AES'],
  ['SHA-256', 'AES-192'],
  ['SHA', 'AES-256'],
  ['SHA', 'AES-256-C'],
] as const;

const folder = mkdtempSync(path.join(tmpdir(), 'senders-'));
const children: ChildProcess[] = [];
const start = (program: string, args: string[], env: Record<string, string> = {}) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
};
const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(ended));
  rmSync(folder, { recursive: true });
});

describe('the collector as a process', () => {
  let rig: CollectorRig;
  let collector: CollectorProcess;
  beforeAll(async () => {
    rig = await CollectorRig.start();
    await rig.claim();
    const file = (name: string) => {
      const at = path.join(folder, name);
      writeFileSync(at, `${name}\n`, { mode: 0o600 });
      return at;
    };
    const users = senders.map(
      ([auth, priv]) =>
        `{ name: ${auth}-${priv}, authProtocol: ${auth}, authKeyFile: "${file(`authpass-${auth}`)}", privProtocol: ${priv}, privKeyFile: "${file(`privpass-${priv}`)}" }`,
    );
    collector = await rig.readyCollector(`  snmpUsers: [${users.join(', ')}]\n`);
    rig.grant();
  });
  afterAll(() => rig?.stop());

  it.skipIf(!existsSync('/usr/bin/snmptrap'))('stores version 3 traps of snmptrap, decrypted', async () => {
    for (const [auth, priv] of [...senders, ['SHA-512', 'AES'] as const]) {
      const user = ['-u', `${auth}-${priv}`, '-l', 'authPriv', '-a', auth, '-A', `authpass-${auth}`];
      const encryption = ['-x', priv, '-X', `privpass-${priv}`];
      const to = `${address}:${rig.ports.trap}`;
      await run('snmptrap', ['-m', '', '-v3', '-e', engine, ...user, ...encryption, to, ...linkDown]);
    }
    const rows = await eventually(async () => {
      const all = await rig.rows('snmp_trap');
      return all.length > senders.length ? all : null;
    });
    const shown = rows.map((row) => [row['community'], row['trap_oid'] ?? row['malformed']].join(' '));
    expect(shown.toSorted()).toEqual(
      [...senders.map((one) => `${one.join('-')} 1.3.6.1.6.3.1.1.5.3`), 'SHA-512-AES unknown user'].toSorted(),
    );
    expect(rows.every((row) => row['version'] === '3')).toBe(true);
  });

  it.skipIf(!existsSync('/usr/bin/snmpinform'))(
    'answers informs of snmpinform while it is active, and no others',
    async () => {
      const inform = [
        '-m',
        '',
        '-v2c',
        '-c',
        'public',
        '-t',
        '1',
        '-r',
        '2',
        `${address}:${rig.ports.trap}`,
        ...linkDown,
      ];
      await run('snmpinform', inform);
      rig.revoke();
      const delivering = () => rig.status(collector)?.detail['delivering'];
      await eventually(() => delivering() === null, 10_000, 'the collector of a standby');
      await expect(run('snmpinform', inform)).rejects.toThrow(/Timeout|failed/);
      rig.grant();
      await run('snmpinform', inform);
    },
  );

  it.skipIf(!existsSync('/usr/bin/snmpinform'))(
    'answers version 3 informs of snmpinform: engine, time, users; each is stored once, and what is said before it is not',
    async () => {
      const inform = (auth: string, priv: string, password = `authpass-${auth}`) =>
        run('snmpinform', [
          ...['-m', '', '-v3', '-t', '2', '-r', '3', '-l', 'authPriv', '-u', `${auth}-${priv}`],
          ...['-a', auth, '-A', password, '-x', priv, '-X', `privpass-${priv}`],
          ...[`${address}:${rig.ports.trap}`, '777', ...linkDown.slice(1)],
        ]);
      const stored = async () => (await rig.rows('snmp_trap')).filter((row) => Number(row['uptime_ticks']) === 777);
      for (const [auth, priv] of senders) await inform(auth, priv);
      const rows = await eventually(async () => {
        const all = await stored();
        return all.length >= senders.length ? all : null;
      });
      expect(rows.map(({ community, version, malformed }) => [community, version, malformed]).toSorted()).toEqual(
        senders.map((one) => [one.join('-'), '3', null]).toSorted(),
      );
      await expect(inform('SHA', 'AES', 'another-password')).rejects.toThrow(/Authentication failure|digest/);
      const refused = (await rig.rows('snmp_trap')).filter(
        ({ version, trap_oid }) => version === '3' && trap_oid === null,
      );
      expect(refused.every(({ malformed }) => /unknown user|wrong digest/.test(String(malformed)))).toBe(true);
      rig.revoke();
      await eventually(
        () => rig.status(collector)?.detail['delivering'] === null,
        10_000,
        'the collector of a standby',
      );
      await expect(inform('SHA', 'AES')).rejects.toThrow(/Timeout|failed|No response/);
      rig.grant();
      await eventually(() => inform('SHA', 'AES').then(() => true), 30_000, 'an answer of the active');
    },
  );

  it.skipIf(!existsSync('/usr/sbin/pmacctd'))('stores sFlow of pmacctd', async () => {
    const config = path.join(folder, 'pmacctd.conf');
    writeFileSync(
      config,
      `daemonize: false
pcap_savefile: ${fixture('flows.pcap')}
plugins: sfprobe
sampling_rate: 1
sfprobe_receiver: ${address}:${rig.ports.flow}
sfprobe_agentip: 192.0.2.1
`,
    );
    const { child, output } = start('/usr/sbin/pmacctd', ['-f', config]);
    const rows = await eventually(
      async () => {
        const all = await rig.rows('flow_record');
        return all.length >= 7 ? all : null;
      },
      30_000,
      'sFlow in the store',
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output()}`, { cause: error });
    });
    child.kill('SIGINT');
    await ended(child);
    expect(rows[0]).toMatchObject({ version: 105, malformed: null, source_address: '192.0.2.10', protocol: 6 });
    expect(rows[0]).toMatchObject({ extra: { sampleType: 'flow', samplingInterval: 1 }, packets: '1' });
  });
});

// Of the networks for benchmarks (RFC 2544); a fresh one for each run.
const octet = () => 1 + Math.floor(Math.random() * 250);
const virtual = `198.18.${octet()}.${octet()}`;
const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a collector on all addresses, with a virtual one', () => {
  let rig: CollectorRig;
  beforeAll(async () => {
    rig = await CollectorRig.start();
    await rig.claim();
    await rig.readyCollector(`  listenAddress: 0.0.0.0\nbinding: { mode: vip, addresses: [${virtual}/32] }\n`);
    rig.grant();
  });
  afterAll(async () => {
    await run('ip', ['address', 'delete', `${virtual}/32`, 'dev', 'lo']).catch(() => {});
    await rig?.stop();
  });

  it('answers an inform from the address that it came to, also when that came later than itself', async () => {
    await run('ip', ['address', 'add', `${virtual}/32`, 'dev', 'lo']);
    const lines = readFileSync(fixture('datagrams/traps.txt'), 'utf8').split('\n');
    const octets = lines.find((line) => line.startsWith('v2c-inform-link-up '))?.split(' ')[1] ?? '';
    const device = createSocket('udp4');
    const answers: string[] = [];
    device.on('message', (_, from) => answers.push(from.address));
    await new Promise<void>((resolve) => device.bind(0, '127.0.0.1', () => resolve()));
    // A sender repeats it, too: until the node knows that it is active nobody answers, and a moment long the wrong address does.
    await eventually(async () => {
      device.send(Buffer.from(octets, 'hex'), rig.ports.trap, virtual);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return answers.at(-1) === virtual;
    }, 20_000);
    device.close();
    expect(answers.at(-1)).toBe(virtual);
  });
});

it.skipIf(!existsSync('/usr/sbin/snmptrapd'))('snmptrapd reads the captured version 3 traps alike', async () => {
  const names = ['u-MD5', 'u-SHA-512', 'u-DES', 'u-AES', 'u-AES-256', 'u-AES-256-C'];
  const config = path.join(folder, 'trapd.conf');
  const userLine = (name: string) => {
    const protocol = name.slice(2);
    const priv = /^(DES|AES)/.test(protocol) ? ` ${protocol} privpass-${protocol}` : '';
    const auth = priv === '' ? protocol : 'SHA';
    return `createUser -e ${engine} ${name} ${auth} authpass-${auth}${priv}\nauthUser log ${name}`;
  };
  writeFileSync(config, `${names.map(userLine).join('\n')}\n`, { mode: 0o600 });
  const port = await freeUdpPort('127.0.0.1');
  const { output } = start(
    '/usr/sbin/snmptrapd',
    ['-C', '-c', config, '-f', '-Lo', '-n', '-m', '', `127.0.0.1:${port}`],
    { SNMP_PERSISTENT_DIR: path.join(folder, 'persistent') },
  );
  await eventually(() => output().includes('NET-SNMP'), 10_000, 'snmptrapd');
  const sender = await udpSender();
  const lines = readFileSync(fixture('datagrams/traps-v3.txt'), 'utf8').split('\n');
  for (const name of names) {
    const octets = lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? '';
    const before = read(output());
    await sender.send(Buffer.from(octets, 'hex'), '127.0.0.1', port);
    await eventually(() => read(output()) > before, 5000, `snmptrapd reads ${name}\n${output()}`);
  }
  sender.close();
});
const read = (output: string) => output.split('INTEGER: 3').length;
