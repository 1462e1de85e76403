// What of hotstandby is measured beside them.
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { inFrontOn, senderCore } from './machine.ts';
import { fileURLToPath } from 'node:url';
import { serviceEnv, serviceFlags } from '../../collector/collector-process.ts';
import { startNatsPair, type NatsPair } from '../../parts/nats-pair.ts';
import type { Place, ReceiverEntry } from './receiver-entry.ts';

const nodeFlags = ['--conditions=@hotstandby/source', '--disable-warning=ExperimentalWarning'];
const toFile = fileURLToPath(new URL('decode-to-file.ts', import.meta.url));

/** Received, decoded and written by one process (`decode-to-file.ts`): the product's receiver and decoders. */
function decoded(name: string, kind: 'syslog' | 'trap' | 'flow'): ReceiverEntry {
  const file = ({ dir }: Place) => join(dir, 'out');
  return {
    name,
    command: (place) => ({ argv: [process.execPath, ...nodeFlags, toFile, kind, String(place.port), file(place)], cwd: process.cwd() }),
    stored: (place) =>
      kind === 'flow'
        ? flowsIn(file(place))
        : Number(execFileSync('wc', ['-l', file(place)], { encoding: 'utf8' }).trim().split(' ')[0]),
  };
}

/** Reads the heads of all blocks; a block that is not whole does not count. */
function flowsIn(file: string): number {
  const descriptor = openSync(file, 'r');
  const size = fstatSync(descriptor).size;
  const head = new Float64Array(2);
  let flows = 0;
  for (let offset = 0; offset < size; ) {
    readSync(descriptor, head, 0, head.byteLength, offset);
    const [count = 0, bytes = 0] = head;
    offset += bytes;
    if (count === 0 || bytes === 0 || offset > size) break;
    flows += count;
  }
  closeSync(descriptor);
  return flows;
}

const httpPort = 15_998;
const address = '127.0.0.33';

/** The collector as it is delivered, as a standby: received and appended to INGEST, each frame acknowledged by JetStream. */
const ingest: ReceiverEntry = {
  name: 'hotstandby, INGEST',
  countsDatagrams: true,
  settleMs: 1500,
  async beside(place) {
    const pair: NatsPair = await startNatsPair([address, '127.0.0.34']);
    for (const { pid } of [pair.a, pair.b]) inFrontOn(senderCore, pid());
    const { nats } = pair.a.config;
    const kind = place.format.startsWith('syslog') ? 'syslog' : place.format === 'trap2c' ? 'trap' : 'flow';
    const ports = (of: string) => (of === kind ? `[${place.port}]` : '[]');
    writeFileSync(
      join(place.dir, 'node.yaml'),
      `cluster: test
node: { name: a, kind: primary, address: ${address}, dataDir: ${pair.a.dir} }
peer: { name: b, address: 127.0.0.34 }
store: { url: "postgresql://bench@127.0.0.1:9/none" }
nats: { url: "${nats.url}", keysDir: "${nats.keysDir}", port: ${nats.port} }
http: { collector: ${httpPort} }
collector:
  listenAddress: 127.0.0.1
  receiver: native
  syslogPorts: ${ports('syslog')}
  trapPorts: ${ports('trap')}
  flowPorts: ${ports('flow')}
  sflowPorts: []
`,
    );
    return { stop: () => pair.remove() };
  },
  command: ({ dir }) => ({
    argv: [process.execPath, ...serviceFlags, bundle, '--config', join(dir, 'node.yaml')],
    env: serviceEnv,
    cwd: process.cwd(),
  }),
  stored: () => 0,
  async storedNow() {
    const answer = await fetch(`http://${address}:${httpPort}/health`);
    const { detail } = (await answer.json()) as { detail?: { inIngest?: number } };
    return detail?.inIngest ?? 0;
  },
};

const bundle = fileURLToPath(new URL('../../../apps/collector/bundle/main.mjs', import.meta.url));

export const ours = {
  flows: decoded('hotstandby, decoded to columns', 'flow'),
  syslog: decoded('hotstandby, decoded to JSON', 'syslog'),
  traps: decoded('hotstandby, decoded to JSON', 'trap'),
  ingest,
} satisfies Record<string, ReceiverEntry>;
