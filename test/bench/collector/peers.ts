// The collectors that people use today, as fast as their documentation makes them: plain text, tuned batches, no compression.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place, ReceiverEntry } from './receiver-entry.ts';

const bufferBytes = 16 << 20;
const lines = (file: string) => (existsSync(file) ? Number(execFileSync('wc', ['-l', file], { encoding: 'utf8' }).trim().split(' ')[0]) : 0);

function rsyslog(name: string, template: 'text' | 'json'): ReceiverEntry {
  return {
    name,
    program: 'rsyslogd',
    command({ dir, port }) {
      const property = (out: string, of: string, extra = '') => `property(outname="${out}" name="${of}" ${extra} format="jsonf")`;
      writeFileSync(
        join(dir, 'rsyslog.conf'),
        `global(workDirectory="${dir}")
module(load="imudp" batchSize="128" timeRequery="8")
template(name="json" type="list" option.jsonf="on") {
  ${property('ts', 'timereported', 'dateFormat="rfc3339"')} ${property('rx', 'timegenerated', 'dateFormat="rfc3339"')}
  ${property('src', 'fromhost-ip')} ${property('host', 'hostname')} ${property('fac', 'syslogfacility')}
  ${property('sev', 'syslogseverity')} ${property('app', 'app-name')} ${property('pid', 'procid')}
  ${property('sd', 'structured-data')} ${property('msg', 'msg')}
}
ruleset(name="r" queue.type="FixedArray" queue.size="500000" queue.dequeueBatchSize="1024" queue.workerThreads="1") {
  action(type="omfile" file="${dir}/out.log" template="${template === 'json' ? 'json' : 'RSYSLOG_FileFormat'}" ioBufferSize="256k" flushOnTXEnd="off" asyncWriting="off")
}
input(type="imudp" address="127.0.0.1" port="${port}" rcvbufSize="16m" ruleset="r")
`,
      );
      return { argv: ['rsyslogd', '-n', '-f', join(dir, 'rsyslog.conf'), '-i', join(dir, 'pid')] };
    },
    stored: ({ dir }) => lines(join(dir, 'out.log')),
  };
}

/** Its package conflicts with rsyslog's, so it is unpacked (`prepare.ts`) and told where its parts are. */
function syslogNg(name: string, root: string): ReceiverEntry {
  return {
    name,
    program: join(root, 'usr/sbin/syslog-ng'),
    command({ dir, port, format }) {
      writeFileSync(
        join(dir, 'syslog-ng.conf'),
        `@version: 3.38
options { use-dns(no); keep-hostname(yes); chain-hostnames(no); stats-freq(0); flush-lines(1000); log-fifo-size(500000); dns-cache(no); };
source s { network(ip("127.0.0.1") transport("udp") port(${port}) so-rcvbuf(${bufferBytes}) log-fetch-limit(1000)${format === 'syslog5424' ? ' flags(syslog-protocol)' : ''}); };
destination d { file("${dir}/out.log"); };
log { source(s); destination(d); };
`,
      );
      const folder = join(root, 'usr/lib/syslog-ng');
      return {
        argv: [join(root, 'usr/sbin/syslog-ng'), '-F', '--no-caps', `--module-path=${folder}/3.38`, '-f', join(dir, 'syslog-ng.conf'), '-R', join(dir, 'persist'), '-c', join(dir, 'ctl'), '-p', join(dir, 'pid')],
        env: { LD_LIBRARY_PATH: folder, SYSLOGNG_PREFIX: root },
      };
    },
    stored: ({ dir }) => lines(join(dir, 'out.log')),
  };
}

const nfcapd: ReceiverEntry = {
  name: 'nfcapd',
  program: 'nfcapd',
  command({ dir, port }) {
    mkdirSync(join(dir, 'flows'));
    return { argv: ['nfcapd', '-w', join(dir, 'flows'), '-b', '127.0.0.1', '-p', String(port), '-B', String(bufferBytes), '-t', '300', '-P', join(dir, 'pid')] };
  },
  stored({ dir }) {
    const folder = join(dir, 'flows');
    return readdirSync(folder)
      .filter((name) => /^nfcapd\.\d+$/.test(name))
      .reduce((sum, name) => {
        const said = execFileSync('nfdump', ['-r', join(folder, name), '-I'], { encoding: 'utf8' });
        return sum + Number(/^Flows:\s+(\d+)/m.exec(said)?.[1] ?? 0);
      }, 0);
  },
};

/** Aggregates by port and protocol, the cheapest that it does; stored is the sum of its counter of flows. */
const nfacctd: ReceiverEntry = {
  name: 'nfacctd (sums by port)',
  program: 'nfacctd',
  settleMs: 2500,
  stopSignal: 'SIGINT',
  slowStop: true,
  command({ dir, port }) {
    writeFileSync(
      join(dir, 'nfacctd.conf'),
      `nfacctd_ip: 127.0.0.1
nfacctd_port: ${port}
nfacctd_pipe_size: ${bufferBytes}
nfacctd_disable_checks: true
plugins: print[p]
plugin_pipe_size: 67108864
plugin_buffer_size: 65536
aggregate[p]: dst_port, proto, flows
print_output[p]: csv
print_output_file[p]: ${dir}/out.csv
print_refresh_time[p]: 3600
`,
    );
    return { argv: ['nfacctd', '-f', join(dir, 'nfacctd.conf')] };
  },
  async stored({ dir }) {
    const file = join(dir, 'out.csv');
    for (let tries = 0; tries < 50 && !existsSync(file); tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    if (!existsSync(file)) return 0;
    const program = 'NR==1{for(i=1;i<=NF;i++) if($i=="FLOWS") c=i; next}{s+=$c}END{printf "%d", s}';
    return Number(execFileSync('awk', ['-F,', program, file], { encoding: 'utf8' }));
  },
};

const snmptrapd: ReceiverEntry = {
  name: 'snmptrapd',
  program: 'snmptrapd',
  command({ dir, port }) {
    writeFileSync(join(dir, 'snmptrapd.conf'), 'disableAuthorization yes\nformat2 TRAP %B %w\\n%v\\n\n');
    writeFileSync(join(dir, 'snmp.conf'), `serverRecvBuf ${bufferBytes}\nmibs :\n`);
    return {
      argv: ['snmptrapd', '-f', '-n', '-On', '-C', '-c', join(dir, 'snmptrapd.conf'), '-Lf', join(dir, 'out.log'), '-p', join(dir, 'pid'), `udp:127.0.0.1:${port}`],
      env: { SNMPCONFPATH: dir, MIBS: '', SNMP_PERSISTENT_DIR: dir },
    };
  },
  stored: ({ dir }) => count(join(dir, 'out.log'), '^TRAP '),
};

function count(file: string, pattern: string): number {
  try {
    return Number(execFileSync('grep', ['-c', pattern, file], { encoding: 'utf8' }));
  } catch {
    return 0;
  }
}

export function peers(unpacked: string) {
  return {
    rsyslogText: rsyslog('rsyslog, text', 'text'),
    rsyslogJson: rsyslog('rsyslog, JSON', 'json'),
    syslogNg: syslogNg('syslog-ng, text', join(unpacked, 'syslog-ng')),
    nfcapd,
    nfacctd,
    snmptrapd,
  } satisfies Record<string, ReceiverEntry>;
}
export type Peers = ReturnType<typeof peers>;
export type { Place };
