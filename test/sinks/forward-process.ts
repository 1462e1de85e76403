// The sink `forward` alone in a process, for a network namespace: SINK DATAGRAMS (both JSON; octets as their number). Delivers them and ends.
import { ForwardSink, type ForwardSinkOptions } from '@hotstandby/adapters/udp';
import { recordingLog } from '../parts/recording-log.ts';
import { deliverTo } from './sink-delivery.ts';

/** What a datagram was received as; it is `octets` times the same letter. */
export interface Sent {
  sourceAddress: string;
  sourcePort: number;
  octets: number;
}

const [options = '', datagrams = ''] = process.argv.slice(2);
const log = recordingLog();
const sink = new ForwardSink({ ...(JSON.parse(options) as ForwardSinkOptions), log });
const nothing = { digest: null, syslog: [], traps: [], flows: [] };
const sent = (JSON.parse(datagrams) as Sent[]).map(({ octets, ...from }) => {
  const datagram = {
    kind: 'syslog' as const,
    localPort: 514,
    receivedAtMs: 0,
    bytes: Buffer.alloc(octets, 'x'),
    ...from,
  };
  return { ...nothing, datagram };
});
const limitation = sink.limitation();
await deliverTo(sink, [{ messageId: 'm', epoch: 1, datagrams: sent }]);
await sink.close();
process.stdout.write(JSON.stringify({ limitation, said: log.lines.map(({ message }) => message) }));
