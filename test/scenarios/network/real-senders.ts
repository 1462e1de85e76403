// Everything that devices and forwarders send with, at once, to one address: what each was told to send, and when.
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ports } from '../../../tools/pair/src/layout.ts';
import { Authority } from '../../collector/certificates.ts';
import type { Lan } from './lan.ts';
import { inside } from './programs.ts';
import { type Attempt, findProgram, SenderPrograms } from './sender-programs.ts';

const capture = fileURLToPath(new URL('../../fixtures/flows.pcap', import.meta.url));
export const tlsPort = 6514;
const user = { name: 'device', auth: 'SHA-256', authKey: 'authpass-device', priv: 'AES', privKey: 'privpass-device' };
const lineEveryMs = 50;
const startPauseMs = 250;

/** What the programs are, and the Debian packages they come in. */
const needed = {
  logger: 'bsdutils',
  rsyslogd: 'rsyslog',
  openssl: 'openssl',
  snmptrap: 'snmp',
  snmpinform: 'snmp',
  pmacctd: 'pmacct',
  softflowd: 'softflowd',
};

const tlsOfRsyslog = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/rsyslog/lmnsd_gtls.so`);

/** Debian packages of what is not here. */
export function absentSenders(): string[] {
  const absent = Object.entries(needed).flatMap(([name, from]) => (findProgram(name) === null ? [from] : []));
  return tlsOfRsyslog.some((file) => existsSync(file)) ? absent : [...absent, 'rsyslog-gnutls'];
}

/** Lines that were written for a forwarder or into a connection, by their numbers. */
type Lines = { atMs: number }[];

/** Certificates, keys and the collector's settings for them. `folder` is where they are. */
export function collectorFor(lan: Lan, folder: string): object {
  const at = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const authority = new Authority(folder, 'senders-ca');
  const { certFile, keyFile } = authority.issue('collector', 'collector', lan.vip);
  authority.issue('friend', 'friend', lan.address('client'));
  const keys = { authKeyFile: at('snmp.auth', `${user.authKey}\n`), privKeyFile: at('snmp.priv', `${user.privKey}\n`) };
  return {
    syslogTlsPorts: [tlsPort],
    tls: { certFile, keyFile, caFile: authority.caFile, clientCertificates: 'required' },
    snmpUsers: [{ name: user.name, authProtocol: user.auth, privProtocol: user.priv, ...keys }],
  };
}

export class RealSenders {
  readonly #lan: Lan;
  readonly #folder: string;
  readonly #programs: SenderPrograms;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Started once for each message, by what they send. */
  readonly attempts: Record<string, Attempt[]> = {};
  /** Written into what runs all the time. */
  readonly lines: Record<'rsyslog' | 's_client', Lines> = { rsyslog: [], s_client: [] };

  constructor(lan: Lan, folder: string) {
    this.#lan = lan;
    this.#folder = folder;
    this.#programs = new SenderPrograms(inside(lan.namespace('client')));
  }

  get said(): string {
    return this.#programs.said;
  }

  start(): void {
    this.#startLogger();
    this.#startForwarder();
    this.#startConnection();
    this.#startNotifications();
    this.#startExporters();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    await this.#programs.stop();
  }

  /** `log-KIND NUMBER` in the message. */
  #startLogger(): void {
    const to = ['-n', this.#lan.vip, '-P', `${ports.syslog}`, '--rfc5424'];
    const send = (name: string, how: string[], again: boolean) => {
      const words = (number: number) => ['logger', ...to, ...how, `${name} ${number}`];
      this.attempts[name] = this.#programs.repeat(startPauseMs, words, again);
    };
    send('log-udp', ['-d'], false);
    send('log-lines', ['-T'], true);
    send('log-counts', ['-T', '--octet-count'], true);
  }

  /** rsyslog reads a file and forwards it twice, over TCP and over TLS, by queues that go on to the disk: `rsyslog-KIND NUMBER`. */
  #startForwarder(): void {
    const work = join(this.#folder, 'rsyslog');
    mkdirSync(work);
    const input = join(work, 'input.log');
    writeFileSync(input, '');
    const at = (name: string) => join(this.#folder, name);
    const files = `DefaultNetstreamDriverCAFile="${at('senders-ca.pem')}" DefaultNetstreamDriverCertFile="${at('friend.pem')}" DefaultNetstreamDriverKeyFile="${at('friend-key.pem')}"`;
    const queue = (name: string) =>
      `queue.type="LinkedList" queue.filename="${name}" queue.size="2000" queue.highWatermark="20" queue.lowWatermark="5" queue.saveOnShutdown="on" action.resumeRetryCount="-1" action.resumeInterval="1"`;
    const action = (name: string, port: number, options: string) =>
      `template(name="${name}" type="string" string="<134>1 %timereported:::date-rfc3339% client rsyslog - - - rsyslog-${name} %msg%")
action(type="omfwd" Target="${this.#lan.vip}" Port="${port}" Protocol="tcp" TCP_Framing="octet-counted" ${options} Template="${name}" ${queue(name)})`;
    const config = join(work, 'rsyslog.conf');
    const gtls =
      'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="collector"';
    writeFileSync(
      config,
      `global(workDirectory="${work}" ${files})
module(load="imfile")
input(type="imfile" File="${input}" Tag="t")
${action('tcp', ports.syslog, '')}
${action('tls', tlsPort, gtls)}
`,
    );
    this.#programs.keep(['rsyslogd', '-n', '-f', config, '-i', join(work, 'pid')]);
    const write = () => appendFileSync(input, `${this.#next('rsyslog')}\n`);
    this.#timers.push(setInterval(write, lineEveryMs));
  }

  /** `s_client NUMBER`, over TLS with a certificate. A connection that ends is made anew; its numbers go on. */
  #startConnection(): void {
    const at = (name: string) => join(this.#folder, name);
    const words = ['openssl', 's_client', '-connect', `${this.#lan.vip}:${tlsPort}`, '-quiet'];
    const own = ['-CAfile', at('senders-ca.pem'), '-cert', at('friend.pem'), '-key', at('friend-key.pem')];
    this.#programs.keep([...words, ...own], (write) =>
      setInterval(() => write(`<134>1 - client s_client - - - s_client ${this.#next('s_client')}\n`), lineEveryMs),
    );
  }

  /** The number is the time of the agent. */
  #startNotifications(): void {
    const agent = `${this.#lan.vip}:${ports.trap}`;
    const { name, auth, authKey, priv, privKey } = user;
    const secured = ['-v3', '-l', 'authPriv', '-u', name, '-a', auth, '-A', authKey, '-x', priv, '-X', privKey];
    const linkDown = ['1.3.6.1.6.3.1.1.5.3', '1.3.6.1.2.1.2.2.1.1.3', 'i', '3'];
    // Each a device of its own: they must not write into each other's memory of engines.
    const send = (kind: string, wordsOf: (number: number) => string[]) => {
      const memory = `SNMP_PERSISTENT_DIR=${join(this.#folder, kind)}`;
      this.attempts[kind] = this.#programs.repeat(startPauseMs, (number) => ['env', memory, ...wordsOf(number)]);
    };
    const quiet = ['-m', ''];
    const waiting = ['-t', '1', '-r', '20'];
    send('trap-v1', (number) => [
      ...['snmptrap', ...quiet, '-v1', '-c', 'trap-v1', agent, '1.3.6.1.4.1.32473', '192.0.2.7', '2', '0', `${number}`],
      ...linkDown.slice(1),
    ]);
    send('trap-v2c', (n) => ['snmptrap', ...quiet, '-v2c', '-c', 'trap-v2c', agent, `${n}`, ...linkDown]);
    send('trap-v3', (n) => [
      'snmptrap',
      ...quiet,
      '-e',
      '0x8000000001020304',
      ...secured,
      agent,
      `${1e6 + n}`,
      ...linkDown,
    ]);
    send('inform-v2c', (n) => [
      'snmpinform',
      ...quiet,
      ...waiting,
      '-v2c',
      '-c',
      'inform-v2c',
      agent,
      `${n}`,
      ...linkDown,
    ]);
    send('inform-v3', (n) => ['snmpinform', ...quiet, ...waiting, ...secured, agent, `${2e6 + n}`, ...linkDown]);
  }

  /** pmacctd watches this machine's own traffic and exports it in all its ways; softflowd a capture, again and again. */
  #startExporters(): void {
    const config = join(this.#folder, 'pmacctd.conf');
    const to = `${this.#lan.vip}:${ports.flow}`;
    const probe = (version: number) => `nfprobe_receiver[v${version}]: ${to}
nfprobe_version[v${version}]: ${version}
nfprobe_timeouts[v${version}]: tcp=1:maxlife=2:expint=1:general=1:tcp.fin=1:tcp.rst=1:udp=1
`;
    writeFileSync(
      config,
      `daemonize: false
pcap_interface: eth0
aggregate: src_host,dst_host,src_port,dst_port,proto,tos
plugins: nfprobe[v5],nfprobe[v9],nfprobe[v10],sfprobe[s]
${probe(5)}${probe(9)}${probe(10)}sampling_rate[s]: 20
sfprobe_receiver[s]: ${this.#lan.vip}:${ports.sflow}
sfprobe_agentip[s]: ${this.#lan.address('client')}
`,
    );
    this.#programs.keep(['pmacctd', '-f', config]);
    // With a control socket it does not end with the capture.
    const files = ['-p', join(this.#folder, 'softflowd.pid'), '-c', 'none'];
    this.attempts['softflowd'] = this.#programs.repeat(1000, (number) => {
      const version = [5, 9, 10][number % 3];
      return ['softflowd', '-d', '-r', capture, '-n', `${this.#lan.vip}:${ports.ipfix}`, '-v', `${version}`, ...files];
    });
  }

  #next(what: 'rsyslog' | 's_client'): number {
    return this.lines[what].push({ atMs: Date.now() });
  }
}
